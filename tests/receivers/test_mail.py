"""What is read of a mail."""

from __future__ import annotations

from email.message import EmailMessage
from email.mime.text import MIMEText

from hypothesis import given
from hypothesis import strategies as st

from simulator.receivers.html_text import visible_text
from simulator.receivers.mail import read_mail
from simulator.telemetry.observations import NotifiedAlert

LISTED = "crybsim-alerts(firing 5000000 alertname=Down&job=api&;)"


def mail(subject: str = "[FIRING] Down", html: str = "<p>Down &amp; out</p>", **headers: str) -> bytes:
    message = MIMEText(html, "html", "utf-8")
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return message.as_bytes()


def test_receiver_alerts_subject_and_text() -> None:
    raw = mail(X_Crybsim_Receiver="team~2Fone", X_Crybsim_Alerts=LISTED)
    receiver, heard = read_mail(raw, ("a@x.org", "b@x.org"))
    assert receiver == "team/one"
    assert heard.destination == "a@x.org, b@x.org"
    assert (heard.title, heard.text, heard.problem) == ("[FIRING] Down", "Down & out", "")
    assert heard.alerts == (NotifiedAlert("Down", "firing", (("job", "api"),), 5),)


def test_plain_text_is_preferred() -> None:
    message = EmailMessage()
    message["Subject"] = "s"
    message.set_content("plain\n")
    message.add_alternative("<p>rich</p>", subtype="html")
    assert read_mail(message.as_bytes(), ("a@x.org",))[1].text == "plain\n"


def test_a_subject_that_no_server_takes_is_a_problem_and_our_own_header_is_none() -> None:
    head = b"X-Crybsim-Alerts: " + b"x" * 2000 + b"\r\nSubject: " + b"y" * 990 + b"\r\n\r\nbody\r\n"
    assert "longer than 998 octets" in read_mail(head, ("a@x.org",))[1].problem
    head = b"X-Crybsim-Alerts: " + b"x" * 2000 + b"\r\nSubject: y\r\n\r\nbody\r\n"
    assert read_mail(head, ("a@x.org",))[1].problem == ""


def test_an_empty_mail_is_a_problem() -> None:
    assert "neither subject nor text" in read_mail(b"From: a@x.org\r\n\r\n", ("a@x.org",))[1].problem


@given(st.binary(max_size=300))
def test_no_bytes_make_it_stumble(raw: bytes) -> None:
    read_mail(raw, ("a@x.org",))


def test_a_page_is_read_as_people_see_it() -> None:
    page = "<html><head><title>t</title><style>p {}</style></head><body> one<br/>two <b>bold</b>\n\n <p>three</p>"
    assert visible_text(page) == "one\ntwo bold\nthree"

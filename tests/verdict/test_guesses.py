"""What fails over a tool's guess is not the team's failure; what is met stays met, and the claims name the guess."""

from __future__ import annotations

from simulator.profile.manifest import Manifest
from simulator.profile.overlay import Overlay, OverlayFile
from simulator.profile.schema import Profile
from simulator.verdict import Word, judge
from tests.verdict.scene import PASSING, SILENT, START, Scene


def words(scene: Scene, *, confirm: bool) -> dict[str, tuple[Word, str]]:
    added = {"name": "http_requests_total", "job": "x", "type": "counter", "values": "0x1", "confirm": confirm}
    overlay = OverlayFile.model_validate(
        {
            "path": "overlays/learnt.yaml",
            "sha256": "0" * 64,
            "content": Overlay.model_validate({"jobs": {"x": {"port": 1}}, "add": [added]}),
        }
    )
    manifest = Manifest(
        run_id="run-1",
        mode="live",
        profile=Profile.model_validate(scene.profile),
        profile_sha256="0" * 64,
        profile_path="profiles/api-errors.yaml",
        seed=1,
        started_ms=START,
        overlays=(overlay,),
    )
    verdict = judge(manifest, scene.rules, scene.journal, scene.facts)
    return {finding.expectation: (finding.word, finding.message) for finding in verdict.findings}


def test_a_silence_over_a_guess_is_not_missing() -> None:
    assert words(SILENT, confirm=False)["expect.alerts[0]"][0] is Word.MISSING
    word, message = words(SILENT, confirm=True)["expect.alerts[0]"]
    assert word is Word.UNOBSERVED
    assert (
        "a tool guessed http_requests_total: correct it in overlays/learnt.yaml and remove `confirm: true`" in message
    )


def test_what_is_met_stays_met() -> None:
    assert words(PASSING, confirm=True)["expect.alerts[0]"][0] is Word.MET

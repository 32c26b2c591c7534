"""Write requests, read back by Google's protobuf and by snappy."""

from __future__ import annotations

from typing import Any

import cramjam
import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.telemetry.samples import Labels, labels_of
from simulator.wire.remote_write import STALE_NAN, LabelTable, compress, encode_write_request

_NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,10}", fullmatch=True)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
_LABELS = st.dictionaries(_NAMES, _TEXTS, max_size=4).map(labels_of)
_SAMPLES = st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1)), max_size=5)


def _message_type() -> Any:
    """`prometheus.WriteRequest`, as prompb/remote.proto and prompb/types.proto declare it."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="remote.proto", package="prometheus", syntax="proto3")

    def declare(name: str, *fields: tuple[str, int, Any, str]) -> None:
        message = file.message_type.add(name=name)
        for field_name, number, kind, of in fields:
            repeated = field.LABEL_REPEATED if of else field.LABEL_OPTIONAL
            message.field.add(name=field_name, number=number, type=kind, label=repeated, type_name=of or None)

    declare("Sample", ("value", 1, field.TYPE_FIXED64, ""), ("timestamp", 2, field.TYPE_INT64, ""))
    declare("Label", ("name", 1, field.TYPE_STRING, ""), ("value", 2, field.TYPE_STRING, ""))
    declare(
        "TimeSeries",
        ("labels", 1, field.TYPE_MESSAGE, ".prometheus.Label"),
        ("samples", 2, field.TYPE_MESSAGE, ".prometheus.Sample"),
    )
    declare("WriteRequest", ("timeseries", 1, field.TYPE_MESSAGE, ".prometheus.TimeSeries"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


WRITE_REQUEST = _message_type()


def decoded(message: bytes) -> list[tuple[Labels, list[tuple[int, int]]]]:
    """Label sets, and samples as (time, the value's 64 bits)."""
    request = WRITE_REQUEST()
    request.ParseFromString(message)
    return [
        (
            tuple((label.name, label.value) for label in series.labels),
            [(sample.timestamp, sample.value) for sample in series.samples],
        )
        for series in request.timeseries
    ]


@settings(max_examples=200, deadline=None)
@given(series=st.lists(st.tuples(_LABELS, _SAMPLES), max_size=6), data=st.data())
def test_what_is_encoded_is_what_protobuf_reads(
    series: list[tuple[Labels, list[tuple[int, int]]]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(series))))
    table = LabelTable([series[i][0] for i in order])
    rows = np.array([order.index(i) for i in range(len(series))], dtype=np.int64)
    samples = [sample for _, own in series for sample in own]
    message = encode_write_request(
        table,
        rows,
        np.array([len(own) for _, own in series], dtype=np.int64),
        np.array([at for at, _ in samples], dtype=np.int64),
        np.array([bits for _, bits in samples], dtype=np.uint64).view(np.float64),
    )
    assert decoded(message) == series
    assert bytes(cramjam.snappy.decompress_raw(compress(message))) == message


def test_a_stale_marker_keeps_its_bits() -> None:
    table = LabelTable([(("__name__", "up"),)])
    one = np.ones(1, dtype=np.int64)
    message = encode_write_request(table, one * 0, one, one, np.array([STALE_NAN]))
    assert decoded(message) == [((("__name__", "up"),), [(1, 0x7FF0000000000002)])]


def test_counts_that_do_not_add_up_are_refused() -> None:
    table = LabelTable([(("__name__", "up"),)])
    one = np.ones(1, dtype=np.int64)
    with pytest.raises(ValueError, match="1 rows, 2 samples counted, 1 times, 1 values"):
        encode_write_request(table, one * 0, one * 2, one, np.ones(1))


@pytest.mark.parametrize("labels", [(("b", "1"), ("a", "2")), (("a", "1"), ("a", "2"))])
def test_labels_out_of_order_are_refused(labels: Labels) -> None:
    with pytest.raises(ValueError, match="sorted, each name once"):
        LabelTable([labels])

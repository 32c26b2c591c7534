"""The smaller print of node_exporter: memory, sockets, packets and disks as the kernel counts them (contract 5.9)."""

from __future__ import annotations

from simulator.catalog.families import Family, constant, shares
from simulator.catalog.jobs import NODE
from simulator.catalog.node import CPUS
from simulator.catalog.standing import EVENLY, NEVER, RARELY, SLOWLY, Declaring
from simulator.telemetry.samples import MetricType

_NODE = Declaring(NODE)
_ETH = constant("device", "eth0")
_SDA = constant("device", "sda")
_CPUS = shares("cpu", {str(number): 1.0 for number in range(CPUS)})
_U = MetricType.UNTYPED
_MIB = 1024.0**2

FAMILIES: tuple[Family, ...] = (
    *_NODE.levels(
        "node_memory_",
        "Memory information field {}.",
        {
            "AnonHugePages_bytes": 620 * _MIB,
            "Bounce_bytes": 0.0,
            "DirectMap1G_bytes": 8192 * _MIB,
            "DirectMap2M_bytes": 8192 * _MIB,
            "DirectMap4k_bytes": 256 * _MIB,
            "HugePages_Free": 0.0,
            "HugePages_Rsvd": 0.0,
            "HugePages_Surp": 0.0,
            "HugePages_Total": 0.0,
            "Hugepagesize_bytes": 2 * _MIB,
            "KernelStack_bytes": 14 * _MIB,
            "Mlocked_bytes": 26 * _MIB,
            "NFS_Unstable_bytes": 0.0,
            "Percpu_bytes": 6 * _MIB,
            "ShmemHugePages_bytes": 0.0,
            "ShmemPmdMapped_bytes": 0.0,
            "Unevictable_bytes": 26 * _MIB,
            "VmallocChunk_bytes": 0.0,
            "VmallocTotal_bytes": 35184372087808.0,
            "VmallocUsed_bytes": 40 * _MIB,
            "WritebackTmp_bytes": 0.0,
            "Writeback_bytes": 0.0,
        },
    ),
    *_NODE.counters(
        "node_vmstat_",
        "/proc/vmstat information field {}.",
        {
            "oom_kill": NEVER,
            "pgfault": ("node.forks", 900.0),
            "pgmajfault": SLOWLY,
            "pgpgin": ("node.disk_reads", 16.0),
            "pgpgout": ("node.disk_writes", 16.0),
            "pswpin": NEVER,
            "pswpout": NEVER,
        },
        kind=_U,
    ),
    *_NODE.counters(
        "node_netstat_TcpExt_",
        "Statistic TcpExt{}.",
        {
            "ListenDrops": NEVER,
            "ListenOverflows": NEVER,
            "SyncookiesFailed": NEVER,
            "SyncookiesRecv": NEVER,
            "SyncookiesSent": NEVER,
        },
        kind=_U,
    ),
    *_NODE.counters(
        "node_netstat_Tcp_",
        "Statistic Tcp{}.",
        {
            "ActiveOpens": ("node.opened", 1.0),
            "InErrs": NEVER,
            "InSegs": ("node.received_packets", 1.0),
            "OutRsts": SLOWLY,
            "OutSegs": ("node.sent_packets", 1.0),
            "PassiveOpens": ("node.opened", 1.0),
            "RetransSegs": ("node.retransmitted", 1.0),
        },
        kind=_U,
    ),
    *_NODE.counters(
        "node_netstat_Udp_",
        "Statistic Udp{}.",
        {
            "InDatagrams": EVENLY,
            "InErrors": NEVER,
            "NoPorts": RARELY,
            "OutDatagrams": EVENLY,
            "RcvbufErrors": NEVER,
            "SndbufErrors": NEVER,
        },
        kind=_U,
    ),
    *_NODE.counters(
        "node_netstat_Icmp_",
        "Statistic Icmp{}.",
        {"InErrors": NEVER, "InMsgs": SLOWLY, "OutMsgs": SLOWLY},
        kind=_U,
    ),
    _NODE.level("node_sockstat_sockets_used", "Number of IPv4 sockets in use.", 420.0),
    *_NODE.levels(
        "node_sockstat_TCP_",
        "Number of TCP sockets in state {}.",
        {"alloc": 310.0, "mem": 55.0, "mem_bytes": 225280.0, "orphan": 0.0},
    ),
    *_NODE.levels(
        "node_sockstat_UDP_",
        "Number of UDP sockets in state {}.",
        {"inuse": 9.0, "mem": 4.0, "mem_bytes": 16384.0},
    ),
    _NODE.level("node_sockstat_RAW_inuse", "Number of RAW sockets in state inuse.", 0.0),
    *_NODE.counters(
        "node_softnet_",
        "Number of {} packets",
        {"dropped": NEVER, "processed": ("node.received_packets", 1.0)},
        _CPUS,
        suffix="_total",
    ),
    _NODE.counter(
        "node_softnet_times_squeezed_total", "Number of times processing packets ran out of quota", RARELY, _CPUS
    ),
    *_NODE.counters(
        "node_network_receive_",
        "Network device statistic receive_{}.",
        {"compressed": NEVER, "fifo": NEVER, "frame": NEVER, "multicast": SLOWLY},
        _ETH,
        suffix="_total",
    ),
    *_NODE.counters(
        "node_network_transmit_",
        "Network device statistic transmit_{}.",
        {"carrier": NEVER, "colls": NEVER, "compressed": NEVER, "fifo": NEVER},
        _ETH,
        suffix="_total",
    ),
    *_NODE.levels(
        "node_network_",
        "Network device property: {}",
        {"carrier": 1.0, "dormant": 0.0, "flags": 4099.0, "speed_bytes": 1.25e9, "transmit_queue_length": 1000.0},
        _ETH,
    ),
    *_NODE.counters(
        "node_network_",
        "Network device property: {}",
        {
            "carrier_changes_total": NEVER,
            "carrier_down_changes_total": NEVER,
            "carrier_up_changes_total": NEVER,
        },
        _ETH,
    ),
    _NODE.level("node_arp_entries", "ARP entries by device", 9.0, _ETH),
    _NODE.counter(
        "node_disk_read_time_seconds_total",
        "The total number of seconds spent by all reads.",
        ("node.disk_reads", 0.0011),
        _SDA,
    ),
    _NODE.counter(
        "node_disk_write_time_seconds_total",
        "This is the total number of seconds spent by all writes.",
        ("node.disk_writes", 0.0019),
        _SDA,
    ),
    _NODE.counter("node_disk_reads_merged_total", "The total number of reads merged.", SLOWLY, _SDA),
    _NODE.counter("node_disk_writes_merged_total", "The number of writes merged.", EVENLY, _SDA),
    _NODE.counter(
        "node_pressure_io_waiting_seconds_total",
        "Total time in seconds that processes have waited due to IO congestion",
        ("node.disk_busy_ms", 0.00005),
    ),
    _NODE.counter(
        "node_pressure_io_stalled_seconds_total",
        "Total time in seconds no process could make progress due to IO congestion",
        ("node.disk_busy_ms", 0.00004),
    ),
    _NODE.counter(
        "node_pressure_memory_waiting_seconds_total",
        "Total time in seconds that processes have waited for memory",
        NEVER,
    ),
    _NODE.counter(
        "node_pressure_memory_stalled_seconds_total",
        "Total time in seconds no process could make progress due to memory congestion",
        NEVER,
    ),
    _NODE.level("node_entropy_pool_size_bits", "Bits of entropy pool.", 256.0),
    _NODE.level("node_selinux_enabled", "SELinux is enabled, 1 is true, 0 is false", 0.0),
    _NODE.level("node_textfile_scrape_error", "1 if there was an error opening or reading a file, 0 otherwise", 0.0),
    _NODE.level("node_timex_frequency_adjustment_ratio", "Local clock frequency adjustment.", 1.00001),
    _NODE.level("node_timex_loop_time_constant", "Phase-locked loop time constant.", 7.0),
    _NODE.level("node_timex_status", "Value of the status array bits.", 8193.0),
    _NODE.level("node_timex_tai_offset_seconds", "International Atomic Time (TAI) offset.", 0.0),
    _NODE.level("node_timex_tick_seconds", "Seconds between clock ticks.", 0.01),
)

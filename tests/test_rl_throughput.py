"""The benchmark of PPO's throughput measures what it says, with as few updates as there are."""

import pytest

from benchmarks import rl_throughput


def test_each_part_measures_a_rate_and_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rl_throughput, "ROLLOUT", 64)
    monkeypatch.setattr(rl_throughput, "BATCH", 32)
    monkeypatch.setattr(rl_throughput, "NUM_ENVS", 8)
    monkeypatch.setattr(rl_throughput, "PROCESSES", 2)
    for part in (rl_throughput.native, rl_throughput.subprocesses, rl_throughput.single_file):
        rate, share = part(1)
        assert rate.unit == "steps/s"
        assert rate.figure > 0
        assert 0 < share.figure < 100

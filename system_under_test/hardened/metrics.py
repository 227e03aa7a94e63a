"""Prometheus metrics, read from the journal at each scrape: so they cover all processes and survive restarts."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hardened.journal import Journal


class JournalCollector(Collector):
    """Gauges, and not counters: outcomes leave the journal after a day."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def collect(self) -> Iterator[Metric]:
        """Called by prometheus_client for each scrape."""
        totals = self._journal.totals()
        yield _by("state", "hardened_tasks", "Submissions in the journal by state", totals.states)
        yield _by("type", "hardened_failures", "Failed submissions by type of error", totals.failures)
        for name, text, value in (
            ("lost_deliveries", "Claims whose worker died", totals.lost_deliveries),
            ("uncertain_sends", "Times that an e-mail may have left and nobody knows", totals.uncertain_sends),
            ("resubmissions", "Messages published again", totals.resubmissions),
            ("oldest_open_seconds", "Age of the oldest submission without an outcome", totals.oldest_open_s),
        ):
            yield GaugeMetricFamily(f"hardened_{name}", text, value=value)


def _by(label: str, name: str, text: str, counts: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family

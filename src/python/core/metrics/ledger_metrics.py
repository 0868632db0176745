"""The metrics of a ledger's service. docs/operating/metrics.md describes them to operators."""

from collections.abc import Sequence

from core.metrics.families import Counter, Family, Gauge, Histogram

# https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
_REQUEST_SECONDS = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75),
    *(1, 2.5, 5, 7.5, 10),
)
# A transaction takes a fraction of a request's time.
_SECONDS = (0.0005, 0.001, *(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5), 1, 2.5, 5, 10)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_STATUSES = (200, 201, 204, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 431, 500, 503)
OUTCOMES = (
    *("posted", "duplicate_nonce", "nonce_reused", "batch_already_posted", "limit_reached"),
    *("insufficient_balance", "balance_limit", "forbidden", "invalid_request", "owner_busy"),
    *("overloaded", "database_unavailable", "database_not_migrated", "database_access_denied"),
    *("shutting_down", "internal_error"),
)
QUEUES = ("posts", "balances")
# https://www.postgresql.org/docs/current/errcodes-appendix.html; "none" is a lost connection, or no
# answer in time.
_SQLSTATE_CLASSES = (
    *("none", "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "20", "21"),
    *("22", "23", "24", "25", "26", "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D"),
    *("3F", "40", "42", "44", "53", "54", "55", "57", "58", "72", "F0", "HV", "P0", "XX"),
)


class LedgerMetrics:
    """What a service counts and measures. Times are in seconds.

    Several processes can share it: the first one creates it for `processes`, and then forks. Each
    of the others calls `become` with a number of its own, from 0, before it serves anything. All
    of them report the sums. If a process ends, the one that replaces it becomes the same number,
    and continues its counters.
    """

    def __init__(
        self,
        *,
        operations: Sequence[str],
        key_names: Sequence[str] = (),
        queue_size: int,
        build: dict[str, str],
        processes: int = 1,
    ) -> None:
        """`queue_size` is that of one process. `build` has the labels of `ledger_build_info`."""
        self.build = build
        self._processes = processes
        self.queue_limit = queue_size * processes
        queue = {"queue": QUEUES}
        self.posts = Counter(
            "ledger_posts_total",
            "Posts, those of batches one by one, by the code of their problem or 'posted'.",
            {"operation": operations, "outcome": OUTCOMES, "key": ["", *dict.fromkeys(key_names)]},
            processes=processes,
        )
        self.queue_depth = Gauge(
            "ledger_queue_depth",
            "Posts or reads of balances that wait for their group.",
            queue,
            processes=processes,
        )
        self.queue_wait = Histogram(
            "ledger_queue_wait_seconds",
            "How long a request waited for its group.",
            queue,
            bounds=_SECONDS,
            processes=processes,
        )
        self.group_size = Histogram(
            "ledger_group_size",
            "Posts or reads of balances that were processed together.",
            queue,
            bounds=_SIZES,
            processes=processes,
        )
        self.transactions = Histogram(
            "ledger_transaction_duration_seconds",
            "Duration of the work on a group in the database, which is a transaction for posts.",
            queue,
            bounds=_SECONDS,
            processes=processes,
        )
        self.database_errors = Counter(
            "ledger_database_errors_total",
            "Errors of the database, by the class of their SQLSTATE; 'none' if it did not answer.",
            {"sqlstate_class": _SQLSTATE_CLASSES},
            processes=processes,
        )

    def requests(self, routes: Sequence[str]) -> Histogram:
        """Returns the durations of requests. `routes` are the templates that there are.

        The first process calls this once, before it forks.
        """
        self.request_durations = Histogram(
            "http_server_request_duration_seconds",
            "Duration of HTTP requests, by the template of their route.",
            {
                "http_request_method": _METHODS,
                "http_route": ["", *routes],
                "http_response_status_code": [str(status) for status in _STATUSES],
            },
            bounds=_REQUEST_SECONDS,
            processes=self._processes,
        )
        return self.request_durations

    def families(self) -> list[Family]:
        return [each for each in vars(self).values() if isinstance(each, Family)]

    def become(self, process: int) -> None:
        """Counts as the process of this number from now on, with empty queues."""
        for family in self.families():
            family.numbers.become(process)
        self.ended(process)

    def ended(self, process: int) -> None:
        """Records that the process of this number has ended, along with its waiting requests."""
        self.queue_depth.numbers.clear(process)

    def database_error(self, sqlstate: str) -> None:
        """Counts an error. `sqlstate` is empty if the database sent none."""
        self.database_errors.count(sqlstate[:2] or "none")

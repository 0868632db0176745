"""Numbers that forked processes share: each process writes its own row and reads the sums."""

import mmap


class SharedNumbers:
    """A row of `count` numbers for each of `processes`, all zero at first.

    The memory is shared with the processes that are forked later. `mine` is the row of this
    process: the first one until `become` is called. Only one thread may write to it.
    """

    def __init__(self, count: int, processes: int) -> None:
        # A page that is never written to takes no memory.
        memory = memoryview(mmap.mmap(-1, 8 * count * processes))
        numbers: memoryview[float] = memory.cast("d")
        self._rows = [numbers[n * count : (n + 1) * count] for n in range(processes)]
        self.mine = self._rows[0]

    def become(self, process: int) -> None:
        """Writes to the row of this process, a number from 0, from now on."""
        self.mine = self._rows[process]

    def clear(self, process: int) -> None:
        """Makes the numbers of a process zero again."""
        row = self._rows[process]
        row[:] = memoryview(bytes(row.nbytes)).cast("d")

    def sums(self) -> list[float]:
        """Returns the sum over all processes, for each of the numbers."""
        if len(self._rows) == 1:
            return [*self.mine]
        return [sum(each) for each in zip(*self._rows)]

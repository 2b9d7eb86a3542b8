"""A night of the daemon's on a SQLite farm, for the benchmarks."""

import harness
import measures


class Night:
    """The daemon on a farm, started on the eve of the slot."""

    def __init__(self, farm):
        farm.set_clock(harness.EVE)
        self.farm = farm
        self.daemon = farm.serve()

    def wait_until_it_begins(self):
        self.daemon.wait_for_log("run begins")

    def finish(self):
        measures.wait_for_end_of_run(self.daemon)
        run = self.farm.wait_for_run(self.daemon)
        figures = measures.process_figures(self.daemon.pid)
        self.daemon.terminate()
        if run["outcome"] != "success":
            raise RuntimeError(f"the run is not what was asked for: {run}")
        return {"wall_s": run["duration_s"], **figures}

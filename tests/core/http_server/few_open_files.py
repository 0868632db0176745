"""Runs the sample's service with a low limit on open files."""

import resource
import runpy

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
    runpy.run_module("sample.service", run_name="__main__", alter_sys=True)

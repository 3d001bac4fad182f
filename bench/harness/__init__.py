# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parts of bench/run.py: measure (one run, a grid of runs), engines, report, and one module per kind of suite."""

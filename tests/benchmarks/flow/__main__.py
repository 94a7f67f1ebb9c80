"""Try."""

import sys

from tests.benchmarks.flow import engines, machine, speed

print(machine.describe())
engines.warm_up()
print(speed.report("-q" in sys.argv))

"""Writes a new app: `./pants run src/python/apps:new-app -- shop PURCHASE=-7 REFUND=7`."""

from core.cli.signals import exit_on_signals
from core.new_app.command import main

if __name__ == "__main__":
    exit_on_signals(status=1)
    main()

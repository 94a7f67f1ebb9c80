"""What every command prints and how it is called: console, progress, usage errors, doctor."""

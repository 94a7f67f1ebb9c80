"""What every command prints and how it is called. Read console.py first."""

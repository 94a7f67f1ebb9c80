"""What is told of runs: their scores as text, their comparison, and the page that shows both."""

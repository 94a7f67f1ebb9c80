"""Reports on runs: their comparison, published scores beside them, and the page that shows all."""

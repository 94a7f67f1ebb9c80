"""The synthetic database: faces and motion that are known exactly. Read `database` first."""

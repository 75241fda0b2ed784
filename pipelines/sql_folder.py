"""Where the SQL is: inside the installed package, or beside it in a checkout."""

from pathlib import Path


def sql_folder() -> Path:
    """Return the folder with the models, checks and seeds."""
    here = Path(__file__).parent
    shipped = here / "sql"
    return shipped if shipped.is_dir() else here.parent / "sql"

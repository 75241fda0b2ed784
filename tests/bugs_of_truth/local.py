"""Bugs, as patches, against the rule that unknown is never a value: this machine's files."""

from tests.bugs import Mutant, Patch

ERRORS = "pipelines/errors/local.py"
WAREHOUSE = "pipelines/warehouse.py"
FILES = "pipelines/config/files.py"
TABLE = "tests/unit/test_local_errors.py"
WHOLE = "tests/unit/test_whole_files.py"
OWNER = "tests/unit/test_config_owner.py"

LOCAL: tuple[Mutant, ...] = (
    Mutant(
        430,
        "a block that is gone is told as something to run again",
        (Patch(ERRORS, "|Could not read (?:enough|all) bytes", ""),),
        (TABLE,),
    ),
    Mutant(
        431,
        "a file that was cut is opened as long as no block is missed",
        (Patch(WAREHOUSE, "    if said := cut(path, HEADER):", "    if said := '':"),),
        (WHOLE,),
    ),
    Mutant(
        432,
        "a write-ahead log that is none is passed over",
        (
            Patch(
                WAREHOUSE,
                'if begins.strip(b"\\0") and not LOG_BEGINS.startswith(begins):',
                "if False:",
            ),
        ),
        (WHOLE,),
    ),
    Mutant(
        433,
        "a disk quota that is used up is an unexpected failure",
        (Patch(ERRORS, "errno.ENOSPC, errno.EDQUOT, errno.EFBIG", "errno.ENOSPC, errno.EFBIG"),),
        (TABLE,),
    ),
    Mutant(
        434,
        "a folder that is read-only is told as something to run again",
        (
            Patch(
                ERRORS,
                '(ReadOnlyError, "it may not be read or written")',
                '(StorageError, "it may not be read or written")',
            ),
        ),
        (TABLE,),
    ),
    Mutant(
        435,
        "words of a row are taken for words about the disk",
        (Patch(ERRORS, " and not kinds & _QUOTES", ""),),
        (TABLE,),
    ),
    Mutant(
        436,
        "a damaged ledger keeps a load from reading",
        (
            Patch(
                "pipelines/ledger/ledger.py",
                "except (sqlite3.Error, UnicodeError) as error:",
                "except sqlite3.OperationalError as error:",
            ),
        ),
        ("tests/unit/test_ledger_damage.py",),
    ),
    Mutant(
        437,
        "a settings file of another user's is read",
        (Patch(FILES, "        _refuse_foreign(one, state)\n", ""),),
        (OWNER,),
    ),
    Mutant(
        438,
        "an address of this machine is taken from any settings file",
        (Patch(FILES, "in LOOPBACK_HOSTS:", "in ():"),),
        (OWNER,),
    ),
    Mutant(
        439,
        "a link that another user made to a settings file is followed",
        (Patch(FILES, "    yield path, link\n", ""),),
        (OWNER,),
    ),
    Mutant(
        440,
        "a run that is terminated ends as if a person had stopped it",
        (Patch("pipelines/cli/base.py", " and stop.number == signal.SIGTERM", " and False"),),
        ("tests/system/test_local_signals.py::test_stopped_where_python_notices",),
    ),
    Mutant(
        441,
        "an older tool works on a newer warehouse",
        (Patch(WAREHOUSE, "            if version > SCHEMA:", "            if False:"),),
        ("tests/system/test_local_versions.py::test_newer_warehouse_is_refused_by_every_command",),
    ),
    Mutant(
        442,
        "an upgrade makes no backup",
        (
            Patch(
                "pipelines/folder.py",
                "        older = is_older(warehouse)\n",
                "        older = False\n",
            ),
        ),
        ("tests/system/test_local_versions.py::test_upgrade_makes_a_backup_first",),
    ),
    Mutant(
        560,
        "a warehouse of the release before misses the migration that comes next",
        (Patch("pipelines/state/epoch.py", "files[after:]", "files[after + bool(after) :]"),),
        ("tests/unit/test_migrations.py::test_a_warehouse_without_its_id",),
    ),
    Mutant(
        443,
        "a sweep that proved nothing is a success",
        (Patch("pipelines/sweep/sweep.py", "if not (self.certificates or", "if not (True or"),),
        ("tests/system/test_nothing_proved.py",),
    ),
    Mutant(
        444,
        "edits are proposed on a ledger that lost its end",
        (
            Patch(
                "pipelines/folder.py",
                "        ledger.demand_held(seen)\n",
                "        pass\n",
            ),
        ),
        ("tests/system/test_lost_ledger.py",),
    ),
    Mutant(
        445,
        "the same push again forgets what failed",
        (
            Patch(
                "pipelines/push/command.py",
                "failures(outcome.results)",
                "failures([] if not pushed.sent else outcome.results)",
            ),
        ),
        ("tests/system/test_push.py::test_refused_for_good",),
    ),
    Mutant(
        446,
        "a guard is reported where a sign-in is needed",
        (Patch("pipelines/load/result.py", "5: 3, 3: 4}", "5: 4, 3: 3}"),),
        ("tests/unit/test_urgency.py",),
    ),
    Mutant(
        447,
        "a file of the data folder that another user owns is used",
        (Patch(FILES, "            _refuse_foreign(path, state)\n", "            pass\n"),),
        ("tests/system/test_local_owner.py",),
    ),
    Mutant(
        448,
        "a reader that went away is a failure",
        (
            Patch(
                "pipelines/cli/base.py",
                "    except BrokenPipeError:\n        _close_streams()\n    except OSError as",
                "    except OSError as",
            ),
        ),
        ("tests/system/test_local_signals.py::test_reader_that_went_away",),
    ),
    Mutant(
        449,
        "damage that a query meets is told as a mistake in the query",
        (
            Patch(
                WAREHOUSE,
                'raise told(error, "the query ended", str(self.path)) or QueryError(',
                "raise QueryError(",
            ),
        ),
        ("tests/unit/test_warehouse.py::test_damage_that_a_query_meets",),
    ),
)

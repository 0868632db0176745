"""The target type `alembic_migrations`, which declares an app's migrations."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pants.backend.python.target_types import PythonResolveField
from pants.engine.target import COMMON_TARGET_FIELDS, Dependencies, FieldSet, StringField, Target
from pants.util.strutil import softwrap


class LedgerField(StringField):
    alias = "ledger"
    required = True
    value: str
    help = softwrap("""
        The app's `Ledger`, as `module:attribute`. The database's schema is compared with its
        models.
        """)


class IniField(StringField):
    alias = "ini"
    default = "alembic.ini"
    value: str
    help = "Alembic's configuration file, relative to the BUILD file's folder."


class EnvField(StringField):
    alias = "env"
    default = "env.py"
    value: str
    help = "Alembic's environment script, relative to the BUILD file's folder."


class VersionsField(StringField):
    alias = "versions"
    default = "versions"
    value: str
    help = "The folder of the revisions, relative to the BUILD file's folder. It may be empty."


class MigrationsDependenciesField(Dependencies):
    pass


class AlembicMigrations(Target):
    alias = "alembic_migrations"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        LedgerField,
        IniField,
        EnvField,
        VersionsField,
        MigrationsDependenciesField,
        PythonResolveField,
    )
    help = softwrap("""
        An app's Alembic migrations. The BUILD file's folder has the name of the app.

        The goal `migrate` runs them, and `lint` checks them on a temporary database. This target
        owns no files. Its dependencies on the targets that own `ini`, `env` and `versions`, and on
        the module of `ledger`, are inferred. So a change to any of these files, or to the
        operations that the ledger imports, affects the migrations.
        """)


@dataclass(frozen=True)
class MigrationsFieldSet(FieldSet):
    required_fields = (LedgerField,)

    ledger: LedgerField
    ini: IniField
    env: EnvField
    versions: VersionsField
    resolve: PythonResolveField

    @property
    def folder(self) -> str:
        return self.address.spec_path

    @property
    def app(self) -> str:
        return os.path.basename(self.folder)

    @property
    def ledger_module(self) -> str:
        return self.ledger.value.partition(":")[0]

    @property
    def ini_path(self) -> str:
        return os.path.join(self.folder, self.ini.value)

    @property
    def env_path(self) -> str:
        return os.path.join(self.folder, self.env.value)

    @property
    def revisions_glob(self) -> str:
        return os.path.join(self.folder, self.versions.value, "*.py")

"""The first tables: what arrived, how far each boot reaches, units and their keys, incidents."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_key = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_journals()
    _create_units()
    op.create_table(
        "incident",
        sa.Column("n", _key, primary_key=True, autoincrement=True),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("opened_ms", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("evidence", sa.LargeBinary),
        sa.Column("closed_ms", sa.BigInteger),
        sa.Column("closed_because", sa.Text),
    )
    op.create_table(
        "setting", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
    )


def _create_journals() -> None:
    op.create_table(
        "segment",
        sa.Column("n", _key, primary_key=True, autoincrement=True),
        sa.Column("writer", sa.Text, nullable=False),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
    )
    op.create_index("segment_by_place", "segment", ["writer", "boot", "first"], unique=True)
    op.create_table(
        "branch",
        sa.Column("writer", sa.Text, primary_key=True),
        sa.Column("boot", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("after_boot", sa.Text),
        sa.Column("after_seq", sa.BigInteger),
        sa.Column("after_hash", sa.Text),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("durable", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("grown_n", sa.BigInteger, nullable=False),
        sa.Column("is_end", sa.Integer, nullable=False),
        sa.Column("settled", sa.Integer, nullable=False, server_default="0"),
    )
    is_end = sa.text("is_end = 1")
    op.create_index("branch_ends", "branch", ["writer"], sqlite_where=is_end, postgresql_where=is_end)
    op.create_index("branch_children", "branch", ["writer", "after_boot"])
    op.create_table(
        "hole",
        sa.Column("writer", sa.Text, primary_key=True),
        sa.Column("boot", sa.Text, primary_key=True),
        sa.Column("first", sa.BigInteger, primary_key=True),
        sa.Column("last", sa.BigInteger, primary_key=True),
        sa.Column("prev", sa.Text),
        sa.Column("declared_in", sa.Text, nullable=False),
    )


def _create_units() -> None:
    op.create_table(
        "unit",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("fence", sa.Text, nullable=False, server_default=""),
        sa.Column("fence_before", sa.Text, nullable=False, server_default=""),
        sa.Column("contact_ms", sa.BigInteger),
        sa.Column("report", sa.Text),
        sa.Column("refused", sa.Integer, nullable=False, server_default="0"),
        sa.Column("refusal", sa.Text),
        sa.Column("unheard", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "unit_key",
        sa.Column("unit", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Integer, primary_key=True),
        sa.Column("public", sa.Text, nullable=False, unique=True),
        sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "code",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("used_ms", sa.BigInteger),
    )

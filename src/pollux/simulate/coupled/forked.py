"""A live plant forked as a whole: the twins of several blocks, with what is known of them and whom they read."""

from collections.abc import Iterable

import numpy as np

from pollux.columns import Block
from pollux.columns.arrays import I64
from pollux.columns.links import Links
from pollux.columns.memory import NEVER
from pollux.simulate.coupled.run import Group
from pollux.simulate.ensemble import ensemble


def forked(blocks: Iterable[Block], *, members: int = 1, seed: int = 0) -> tuple[Group, ...]:
    """Groups of all twins of some blocks as they are now; nothing done to them reaches the blocks.

    With several members what is uncertain is drawn as for the fork of a single twin, from what is known of each and
    else from its prior, with a luck of its own for every twin. Links to twins of blocks that are left out are refused
    by the run.

    >>> import numpy as np, pollux as px
    >>> from pollux.columns import Block
    >>> class Cell(px.Twin):
    ...     west = px.link()
    ...     temp = px.hidden("K", start=300)
    >>> block = Block(Cell.__pollux__)
    >>> first, second = block.add_many(["a", "b"])
    >>> block.links["west"].set(second, [first])
    >>> (group,) = forked([block])
    >>> group.ids, group.start.shape, group.links["west"].first(np.array([0, 1])).tolist()
    (('a', 'b'), (1, 2, 1), [-1, 0])
    """
    known = {block.schema.name: block for block in blocks}
    rows = {name: np.array(sorted(block.row_of.values()), np.int64) for name, block in known.items()}
    return tuple(_group(block, rows, members, seed) for block in known.values())


def _group(block: Block, rows: dict[str, I64], members: int, seed: int) -> Group:
    mine, slice_ = rows[block.schema.name], block.take(rows[block.schema.name])
    start = slice_.values[:, :, None].copy()
    if members > 1:
        sigma = np.where(slice_.event_time == NEVER, np.nan, slice_.sigma)
        drawn = ensemble(slice_.layout, slice_.values, ids=slice_.ids, members=members, sigma=sigma, seed=seed)
        start = drawn.reshape(len(start), len(mine), members)
    links = {
        name: _renumbered(block.links[name], mine, rows[far.to])
        for name, far in block.schema.links.items()
        if far.to in rows
    }
    return Group(block.schema, start, links, slice_.ids)


def _renumbered(links: Links, sources: I64, targets: I64) -> Links:
    """Links between rows of blocks as links between the places of these rows; none of a vacant row is left."""
    kept = np.isin(links.source, sources) & np.isin(links.target, targets)
    source, target = np.searchsorted(sources, links.source[kept]), np.searchsorted(targets, links.target[kept])
    return Links(source.astype(np.int32), target.astype(np.int32))

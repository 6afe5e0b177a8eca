"""A pack: the mappings of all pairs, read from layers of folders, a later one over the earlier.

The built-in mappings are the first layer. In a further layer a file replaces its namesake, or amends it when it says
`patch: true`. A pair that `extends` another takes over what it has no file for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..diagnostics import Diagnostic, Diagnostics, MappingError, Position, suggestion
from ..expressions import UNDEFINED, Function
from ..repairs import Rules
from ..resources import folder
from ..versions import PAIRS, Pair
from . import model
from .build import Builder, Resources
from .document import Document, PathInDocument, load_document
from .routes import build_mapping, build_refusal
from .structure import check_structure
from .template import Table

ORIGINS: Mapping[str, str] = {"from-station": "station", "from-csms": "csms", "timers": "timer"}
"""The folders of a pair, and where the calls that their files map come from."""

SHARED = ("tables", "parts", "copies", "repairs")
"""The folders of what all pairs share."""

Key = tuple[str, str]
"""(origin, action)"""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a mapping is written: a whole file, or a line of a pair's table of refusals."""

    document: Document
    path: PathInDocument = ()


@dataclass(frozen=True)
class PairMappings:
    """All mappings of one pair. ``documents`` are the files that they were made from."""

    pair: Pair
    mappings: Mapping[Key, model.Mapping]
    documents: Mapping[Key, Document] = field(repr=False)
    drops: Mapping[str, str] = field(default_factory=dict)
    """Fields that no mapping of the pair carries over, by name, with the reason."""
    repairs: tuple[Rules, ...] = ()
    """How the messages of stations are put right, for all stations or for some."""
    bases: tuple[Pair, ...] = ()
    """The pairs that it extends, the nearest first."""
    at: Position = field(default_factory=lambda: Position(""))
    """Where the pair is declared."""

    def find(self, origin: str, action: str) -> model.Mapping | None:
        """The mapping of ``action`` from ``origin``, if there is one."""
        return self.mappings.get((origin, action))


class Pack:
    """A layered set of mapping folders. Pairs are read when they are first asked for."""

    def __init__(self, layers: Sequence[Path], functions: Mapping[str, Function]) -> None:
        """Read what all pairs share: tables, parts, settings.

        Raises MappingError when a folder is missing or one of these files is faulty.
        """
        self._layers = list(layers)
        self._diagnostics = Diagnostics()
        self.resources = Resources(functions)
        self._pairs: dict[Pair, PairMappings] = {}
        self._read_settings(folder("mappings"))
        for layer in self._layers:
            self._read_shared(layer)
        for pair in PAIRS:
            if pair not in self.available and any((layer / str(pair)).is_dir() for layer in self._layers):
                self._undeclared(pair, self._diagnostics)
        self._raise()

    @property
    def settings(self) -> Mapping[str, model.Setting]:
        """The settings that mappings may read, by name."""
        return self.resources.settings

    @property
    def available(self) -> tuple[Pair, ...]:
        """The pairs that some layer has a folder for."""
        return tuple(
            pair for pair in PAIRS if any((layer / str(pair) / "pair.yaml").is_file() for layer in self._layers)
        )

    def pair(self, pair: Pair) -> PairMappings:
        """The mappings of ``pair``. Raises MappingError with every fault found in its files."""
        if pair not in self._pairs:
            diagnostics = Diagnostics()
            built = self._build(pair, diagnostics)
            if diagnostics.errors:
                raise MappingError(diagnostics.items)
            self._pairs[pair] = built
        return self._pairs[pair]

    def findings(self, pair: Pair) -> list[Diagnostic]:
        """Every fault of the files of ``pair``; empty when it can be used."""
        diagnostics = Diagnostics()
        try:
            self._build(pair, diagnostics)
        except MappingError as error:
            return error.diagnostics
        return diagnostics.items

    # -- what all pairs share --

    def _read_shared(self, layer: Path) -> None:
        if not layer.is_dir():
            self._diagnostics.add("XW100", Position(str(layer)), "there is no such folder of mappings")
            return
        for path in sorted((layer / "tables").glob("*.yaml")):
            if document := self._load(path, "table"):
                self._add_table(path, document)
        for path in sorted((layer / "parts").glob("*.yaml")):
            if document := self._load(path, "part"):
                self._expect_name(path, document, "part")
                self.resources.parts[document.value["part"]] = document
        for path in sorted((layer / "repairs").glob("*.yaml")):
            if document := self._load(path, "repairs"):
                self._expect_name(path, document, "repairs")
                self.resources.repairs[document.value["repairs"]] = Rules.from_document(document.value)
        for path in sorted((layer / "copies").glob("*.yaml")):
            if document := self._load(path, "copies"):
                self._expect_name(path, document, "copies")
                self._add_copies(document)
        self._read_settings(layer)
        self._diagnostics.items.extend(_strays(layer))

    def _read_settings(self, layer: Path) -> None:
        """Read a layer's settings. The built-in ones are always there: the session and the built-in hooks read them."""
        self.resources.settings.update(_settings_of(layer, self._diagnostics))

    def _add_copies(self, document: Document) -> None:
        name = document.value["copies"]
        try:
            pair = Pair.parse(name)
        except ValueError as error:
            self._diagnostics.add("XW111", document.position(("copies",)), str(error), path="copies")
            return
        versions = (pair.station, pair.csms)
        if document.value.get("patch"):
            base = self.resources.copies.get(versions)
            if base is None:
                at = document.position(("patch",))
                remedy = "Write a whole file (without `patch: true`)."
                self._diagnostics.add("XW111", at, f"there are no copies {name} to amend", remedy, "patch")
                return
            document = base.patched(document)
        self.resources.copies[versions] = document

    def _add_table(self, path: Path, document: Document) -> None:
        self._expect_name(path, document, "table")
        value = document.value
        self.resources.tables[value["table"]] = Table(
            value["table"],
            value["values"],
            value.get("else", UNDEFINED),
            document.position(("table",)),
            value.get("drops", {}),
        )

    def _expect_name(self, path: Path, document: Document, key: str) -> None:
        if document.value[key] != path.stem:
            self._diagnostics.add(
                "XW112",
                document.position((key,)),
                f"the {key} is called {document.value[key]!r}, but the file {path.name!r}",
                "Give both the same name.",
                key,
            )

    # -- one pair --

    def _build(self, pair: Pair, diagnostics: Diagnostics) -> PairMappings:
        everywhere: dict[str, str] = {}
        bases: list[Pair] = []
        sources = self._sources(pair, diagnostics, (), everywhere, bases)
        mappings: dict[Key, model.Mapping] = {}
        documents: dict[Key, Document] = {}
        for (origin, action), source in sources.items():
            builder = Builder(source.document, self.resources, diagnostics)
            if source.path:
                mapping = build_refusal(builder, pair, origin, action, source.path)
            else:
                mapping = build_mapping(builder, pair, origin, everywhere)
            mappings[(origin, action)] = mapping
            documents[(origin, action)] = source.document
        return PairMappings(
            pair,
            mappings,
            documents,
            everywhere,
            tuple(self.resources.repairs.values()),
            tuple(bases),
            self._declared(pair),
        )

    def _declared(self, pair: Pair) -> Position:
        files = (layer / str(pair) / "pair.yaml" for layer in reversed(self._layers))
        return Position(str(next((file for file in files if file.is_file()), self._layers[-1] / str(pair))))

    def _sources(
        self,
        pair: Pair,
        diagnostics: Diagnostics,
        extending: tuple[Pair, ...],
        everywhere: dict[str, str],
        bases: list[Pair],
    ) -> dict[Key, _Source]:
        """Where each mapping of ``pair`` is written; the fields that the pair drops go into ``everywhere``, the pairs
        that it extends into ``bases``."""
        sources: dict[Key, _Source] = {}
        found = False
        for layer in self._layers:
            root = layer / str(pair)
            if not root.is_dir():
                continue
            pair_file = root / "pair.yaml"
            if pair_file.is_file() and (document := self._load(pair_file, "pair", diagnostics)):
                found = True
                self._inherit(document, pair, sources, diagnostics, extending, everywhere, bases)
                everywhere.update(document.value.get("drops", {}))
                for name, origin in ORIGINS.items():
                    for action in document.value.get("refused", {}).get(name, {}):
                        sources[(origin, action)] = _Source(document, ("refused", name, action))
            for name, origin in ORIGINS.items():
                for path in sorted((root / name).glob("*.yaml")):
                    if not path.name.endswith(".cases.yaml"):
                        self._add_file(path, origin, sources, diagnostics)
        if not found and not extending:
            self._undeclared(pair, diagnostics)
        return sources

    def _undeclared(self, pair: Pair, diagnostics: Diagnostics) -> None:
        places = ", ".join(str(layer / str(pair)) for layer in self._layers)
        remedy = f"Write it into the folder of the pair: `pair: {pair}`."
        diagnostics.add("XW111", Position(places), f"there is no pair.yaml for {pair}", remedy)

    def _inherit(
        self,
        document: Document,
        pair: Pair,
        sources: dict[Key, _Source],
        diagnostics: Diagnostics,
        extending: tuple[Pair, ...],
        everywhere: dict[str, str],
        bases: list[Pair],
    ) -> None:
        if document.value["pair"] != str(pair):
            diagnostics.add(
                "XW112",
                document.position(("pair",)),
                f"this is the folder of {pair}, but the file says {document.value['pair']!r}",
                "Give both the same name.",
                "pair",
            )
        if "extends" not in document.value:
            return
        at = document.position(("extends",))
        try:
            base = Pair.parse(document.value["extends"])
        except ValueError as error:
            diagnostics.add("XW111", at, str(error), path="extends")
            return
        if base == pair or base in extending:
            chain = " -> ".join(str(step) for step in (*extending, pair, base))
            diagnostics.add("XW111", at, f"extends leads back to itself: {chain}", "Break the circle.", "extends")
            return
        if base not in bases:
            bases.append(base)
        inherited = self._sources(base, diagnostics, (*extending, pair), everywhere, bases)
        if not inherited:
            diagnostics.add(
                "XW111",
                at,
                f"there is no pair {base} to extend",
                "Create it, or correct the name.",
                "extends",
            )
        sources.update(inherited)

    def _add_file(self, path: Path, origin: str, sources: dict[Key, _Source], diagnostics: Diagnostics) -> None:
        try:
            document = load_document(path)
        except MappingError as error:
            diagnostics.items.extend(error.diagnostics)
            return
        patch = isinstance(document.value, dict) and document.value.get("patch") is True
        if not check_structure(
            document, "timer" if origin == "timer" else "patch" if patch else "mapping", diagnostics
        ):
            return
        name_key = "timer" if origin == "timer" else "call"
        action = str(document.value[name_key])
        if action != path.stem:
            diagnostics.add(
                "XW112",
                document.position((name_key,)),
                f"the file {path.name!r} maps {action!r}",
                "Name the file after what it maps.",
                name_key,
            )
        if patch:
            base = sources.get((origin, action))
            if base is None or base.path:
                diagnostics.add(
                    "XW111",
                    document.position(("patch",)),
                    f"there is no mapping of {action} to amend",
                    "Write a whole mapping (without `patch: true`).",
                    "patch",
                )
                return
            named = {route.get("name") for route in base.document.value.get("routes", ())}
            for name in document.value.get("amend", {}):
                if name not in named:
                    diagnostics.add(
                        "XW111",
                        document.position(("amend", name)),
                        f"the mapping of {action} has no route {name!r} to amend",
                        suggestion(name, [str(known) for known in named if known]) or "Name one of its routes.",
                        f"amend.{name}",
                    )
            document = base.document.patched(document)
        sources[(origin, action)] = _Source(document)

    def _load(self, path: Path, kind: str, diagnostics: Diagnostics | None = None) -> Document | None:
        return _load(path, kind, diagnostics or self._diagnostics)

    def _raise(self) -> None:
        if self._diagnostics.errors:
            raise MappingError(self._diagnostics.items)


def _strays(layer: Path) -> Iterator[Diagnostic]:
    """What stands in a layer of mappings where nothing looks for it."""
    pairs = [str(pair) for pair in PAIRS]
    yield from _strays_of(layer, "a folder of mappings", files=("settings.yaml",), folders=(*SHARED, *pairs))
    for name in SHARED:
        yield from _strays_of(layer / name, f"the folder {name!r}")
    for name in pairs:
        yield from _strays_of(layer / name, "the folder of a pair", files=("pair.yaml",), folders=tuple(ORIGINS))
        for origin in ORIGINS:
            yield from _strays_of(layer / name / origin, f"the folder {origin!r}")


def _strays_of(
    folder: Path, what: str, *, files: Sequence[str] | None = None, folders: Sequence[str] = ()
) -> Iterator[Diagnostic]:
    """What is neither one of ``files`` (None: any YAML file) nor one of ``folders`` in a folder, if it is one."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name, known = path.name, [*(files or ()), *folders]
        in_place = name in folders if path.is_dir() else path.suffix == ".yaml" if files is None else name in files
        if in_place or name.startswith("."):
            continue
        if name in known:
            remedy = f"It has to be a {'file' if path.is_dir() else 'folder'}."
        elif files is None:
            remedy = "It holds files NAME.yaml, and no folders."
        elif path.suffix == ".yaml" and "from-station" in folders:
            remedy = f"Files of mappings stand one folder further in, in {', '.join(folders)}."
        else:
            remedy = suggestion(name, known) or f"There is a place for {', '.join(sorted(known))}."
        yield Diagnostic("XW112", Position(str(path)), f"{name!r} is no part of {what}", remedy)


def declared_settings(layers: Iterable[Path]) -> dict[str, model.Setting]:
    """The settings that the built-in mappings and ``layers`` declare, by name, without anything else of them. What is
    faulty is left out; loading the layers tells.
    """
    found: dict[str, model.Setting] = {}
    for layer in (folder("mappings"), *layers):
        found.update(_settings_of(layer, Diagnostics()))
    return found


def _settings_of(layer: Path, diagnostics: Diagnostics) -> dict[str, model.Setting]:
    path = layer / "settings.yaml"
    document = _load(path, "settings", diagnostics) if path.is_file() else None
    if document is None:
        return {}
    return {
        name: model.Setting(
            name, entry["type"], entry["default"], entry["description"], document.position(("settings", name))
        )
        for name, entry in document.value["settings"].items()
    }


def _load(path: Path, kind: str, diagnostics: Diagnostics) -> Document | None:
    try:
        document = load_document(path)
    except MappingError as error:
        diagnostics.items.extend(error.diagnostics)
        return None
    return document if check_structure(document, kind, diagnostics) else None


def all_findings(pack: Pack, pairs: Iterable[Pair] | None = None) -> list[Diagnostic]:
    """Every fault in the files of ``pairs`` (default: of all available ones)."""
    return [finding for pair in (pairs or pack.available) for finding in pack.findings(pair)]

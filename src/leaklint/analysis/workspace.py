"""The first-party modules of a run: parsed when first asked for, and only as deep as somebody asks."""

import os
from collections import OrderedDict
from pathlib import Path

from leaklint.analysis.openers import Openers
from leaklint.analysis.pending import Pending
from leaklint.analysis.runners import Runners
from leaklint.analysis.summaries import ModuleProject
from leaklint.analysis.users import Users
from leaklint.catalogue import Catalogue
from leaklint.model.source import Source, SourceError, read

KEPT = 200  # modules whose trees are kept for their importers


class Workspace:
    """The modules that the linted ones import; the trees last asked for are kept."""

    def __init__(self, catalogue: Catalogue, openers: Openers) -> None:
        self.catalogue = catalogue
        self.openers = openers
        self.runners = Runners(openers)
        self.pending = Pending()
        self.users = Users()
        self._linted: ModuleProject | None = None
        self._projects: OrderedDict[str, ModuleProject | None] = OrderedDict()
        self._asked: set[str] = set()  # files that an importer has asked for

    def project(self, path: str) -> ModuleProject | None:
        """Give the summaries of the module in a file (an absolute path); None where it cannot be parsed."""
        self._asked.add(path)
        if path in self._projects:
            self._projects.move_to_end(path)
            return self._projects[path]
        try:
            project = ModuleProject(read(Path(path)), path, self)
        except SourceError:
            project = None
        self._keep(path, project)
        return project

    def adopt(self, source: Source) -> ModuleProject:
        """Give the summaries of the module that is linted now, from the text at hand rather than from its file."""
        path = os.path.abspath(source.path)
        last = self._linted
        if last is not None and last.path != path and last.path not in self._asked:
            self._projects.pop(last.path, None)  # its tree would be looked through by every collection of garbage
        project = self._projects.get(path)
        if project is not None and project.source.text != source.text:
            self._projects.clear()  # rewritten since: what others rest on it for holds no longer
            project = None
        if project is None:
            project = ModuleProject(source, path, self)
            self._keep(path, project)
        if last is not None and last is not project:
            last.forget()
        project.is_linted, self._linted = True, project
        return project

    def _keep(self, path: str, project: ModuleProject | None) -> None:
        self._projects[path] = project
        self._projects.move_to_end(path)
        while len(self._projects) > KEPT:
            self._projects.popitem(last=False)

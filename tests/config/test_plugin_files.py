"""Parts of one's own from plug-in files: declared, loaded, shipped, refused."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_texts import BACKBONE, CURRICULUM, ENCODERS, METRIC

from class_sweep.config.components import BACKBONES, METRICS, ORDERS, REGISTRIES
from class_sweep.config.document import parse_space
from class_sweep.config.plugin_files import load_plugins, loaded_plugins, unload_plugins
from class_sweep.errors import ConfigError, PluginError

SPACE = """\
data: {source: names}
text_encoder: {kind: letters}
molecule_encoder: {kind: atoms, atoms: CNOS}
backbone: {name: bare, dimension: {int: [4, 8]}}
curriculum: {order: as_given, difficulty: length, pacing: late, delay: {int: [1, 3]}, alpha: 0.5}
optimizer: {lr: 3e-3, batch_size: 8}
budget: {epochs: 3}
search: {trials: 3}
objective: validation/hits@5
"""


@pytest.fixture
def all_parts(plugin_file):
    texts = {"bb.py": BACKBONE, "cc.py": CURRICULUM, "ee.py": ENCODERS, "mm.py": METRIC}
    load_plugins([plugin_file(text, name) for name, text in texts.items()])


def test_a_space_takes_parts_from_files_and_validates_their_settings(all_parts) -> None:
    space = parse_space(SPACE)
    assert list(space.axes) == ["backbone.dimension", "curriculum.delay"]
    assert space.settings.backbone.dimension == 6
    assert space.settings.molecule_encoder.atoms == "CNOS"
    assert space.objective.direction == "maximize"
    with pytest.raises(ConfigError, match=r"space:4: backbone\.dimension: must be at least 1"):
        parse_space(SPACE.replace("{int: [4, 8]}", "0"))
    with pytest.raises(ConfigError, match=r"space:5: curriculum\.delay: must be at least 1"):
        parse_space(SPACE.replace("{int: [1, 3]}", "0"))
    with pytest.raises(ConfigError, match=r"space:4: backbone\.size: must be a known setting"):
        parse_space(SPACE.replace("dimension:", "size:"))


def test_without_its_file_a_part_is_an_unknown_name(plugin_file) -> None:
    with pytest.raises(ConfigError, match=r"backbone\.name: must be one of .*, got 'bare'"):
        parse_space(SPACE)


def test_a_space_takes_the_files_to_a_process_that_has_none(all_parts, tmp_path: Path) -> None:
    (tmp_path / "space").write_bytes(pickle.dumps(parse_space(SPACE)))
    for path in tmp_path.glob("*.py"):
        path.unlink()
    code = (
        f"import pickle; space = pickle.load(open({str(tmp_path / 'space')!r}, 'rb'));"
        " settings = space.resolve({'curriculum.delay': 3});"
        " from class_sweep.curriculum.pacing import pacing_of;"
        " print(type(settings.backbone).__module__, pacing_of(settings.curriculum, 3)(2))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["bb", "0.5"]


def test_a_file_is_loaded_once_and_again_when_it_has_changed(plugin_file) -> None:
    path = plugin_file(METRIC)
    load_plugins([path, path])
    module = sys.modules["my_parts"]
    load_plugins([path])
    assert sys.modules["my_parts"] is module
    plugin_file(METRIC.replace("hits@5", "hits@7"))
    load_plugins([path])
    assert [file.path for file in loaded_plugins()] == [path]
    assert "hits@7" in METRICS
    assert "hits@5" not in METRICS
    unload_plugins()
    assert "my_parts" not in sys.modules
    assert not any(registry.added() for registry in REGISTRIES.values())


CLASS = BACKBONE[BACKBONE.index("@plugin.backbone") :]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_module\n", r"parts\.py:1: .* got ModuleNotFoundError: No module named"),
        ("x = 1\n\ny = 1 / 0\n", r"my_parts\.py:3: .*importable, got ZeroDivisionError: division"),
        ("x = 1\ndef f(:\n", r"my_parts\.py:2: a plug-in file must be importable, got SyntaxError"),
        ("import sys\nsys.exit(0)\n", r"my_parts\.py:2: .* importable, got SystemExit: 0"),
        ("x = 1\n", r"my_parts\.py: a plug-in file must declare a part, got none; write for"),
        (METRIC.replace("hits@5", "mrr"), r"my_parts\.py:3: the name of a metric must be new"),
        (METRIC.replace("(ranks)", "()"), r"py:3: metric hits@5 must take \(ranks\), got hits_at"),
        (
            BACKBONE.replace("def loss_parts", "def losses"),
            r"my_parts\.py:8: backbone bare: class Bare must define loss_parts$",
        ),
        (
            BACKBONE.replace("(plugin.Backbone)", ""),
            r"my_parts\.py:8: backbone bare must be a subclass of Backbone, got <class",
        ),
        (
            BACKBONE.replace("plugin.BackboneSettings", "plugin.Section"),
            r"my_parts\.py:8: backbone bare must have settings of BackboneSettings, got Sizes",
        ),
        (
            BACKBONE.replace("project_texts(self, texts)", "project_texts(self)"),
            r"Bare\.project_texts must take \(self, texts\), got project_texts\(self\)",
        ),
        (
            CURRICULUM.replace("as_given(difficulty, statistics, seed)", "as_given(difficulty)"),
            r"my_parts\.py:8: .*must take \(difficulty, statistics, seed\), got as_given\(diff",
        ),
        (
            "from class_sweep import plugin\ndef make():\n    @plugin.metric('a')\n"
            "    def f(ranks): return ranks\nmake()\n",
            r"py:3: metric a: make\.<locals>\.f must be at the top level of a file of its own",
        ),
    ],
)
def test_a_wrong_file_is_one_error_with_its_line_and_leaves_nothing(
    plugin_file, text, message
) -> None:
    with pytest.raises(PluginError, match=message):
        load_plugins([plugin_file(text)])
    assert "my_parts" not in sys.modules
    assert not loaded_plugins()
    assert not any(registry.added() for registry in REGISTRIES.values())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my-parts.py", "must be a file like my_parts.py, got .*/my-parts.py"),
        ("my_parts.txt", "must be a file like my_parts.py"),
        ("class.py", "must be a file like my_parts.py"),
        ("torch.py", r"must have a name of its own, got .*/torch\.py: a module torch exists"),
        ("class_sweep.py", "a module class_sweep exists"),
    ],
)
def test_a_file_must_have_a_name_of_its_own(plugin_file, name, message) -> None:
    with pytest.raises(PluginError, match=message):
        load_plugins([plugin_file(METRIC, name)])


def test_a_file_must_be_a_regular_file_of_bounded_size(plugin_file, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"must be readable: .*/none\.py: No such file"):
        load_plugins([tmp_path / "none.py"])
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(PluginError, match=r"must be readable: .*it must be a regular file, got a"):
        load_plugins([tmp_path / "folder.py"])
    with pytest.raises(PluginError, match="it must have at most 1 MiB"):
        load_plugins([plugin_file("#" * (2**20 + 1))])


def test_two_files_of_one_name_are_refused(plugin_file, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(PluginError, match="plug-in files must have different names"):
        load_plugins([plugin_file(METRIC), plugin_file(METRIC, "other/my_parts.py")])


# --- files that import one another ----------------------------------------------------------------

MINIMAL = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum: {alpha: {uniform: [0.3, 0.9]}}
optimizer: {lr: 3e-3, batch_size: 8}
budget: {epochs: 3}
search: {trials: 3}
objective: validation/hits@5
"""
HELPER = "FIRST = 5\n"
WITH_HELPER = METRIC.replace(
    "class_sweep import", "my_helper import FIRST\nfrom class_sweep import"
)
WITH_HELPER = WITH_HELPER.replace("ranks <= 5", "ranks <= FIRST")


def in_a_new_process(tmp_path: Path, program: str) -> str:
    """Unpickle `space` in a process that has no plug-in file, and run a program."""
    (tmp_path / "space").write_bytes(pickle.dumps(parse_space(MINIMAL)))
    load = f"import pickle; space = pickle.load(open({str(tmp_path / 'space')!r}, 'rb'));"
    command = [sys.executable, "-c", f"{load} {program}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "order", [("my_helper.py", "my_parts.py"), ("my_parts.py", "my_helper.py")]
)
def test_a_file_imports_another_given_file_here_and_in_a_worker(
    plugin_file, tmp_path, order
) -> None:
    texts = {"my_helper.py": HELPER, "my_parts.py": WITH_HELPER}
    files = {name: plugin_file(text, name) for name, text in texts.items()}
    load_plugins([files[name] for name in order])
    assert [file.name for file in loaded_plugins()] == ["my_helper.py", "my_parts.py"]
    for path in files.values():
        path.unlink()
    program = "import my_parts, numpy; print(my_parts.hits_at_5(numpy.array([5, 6])))"
    assert in_a_new_process(tmp_path, program).strip() == "[1. 0.]"


def test_a_file_runs_again_when_a_file_that_it_imports_has_changed(plugin_file) -> None:
    files = [plugin_file(HELPER, "my_helper.py"), plugin_file(WITH_HELPER)]
    load_plugins(files)
    plugin_file("FIRST = 7\n", "my_helper.py")
    load_plugins(files[:1])
    assert sys.modules["my_parts"].FIRST == 7
    assert [file.name for file in loaded_plugins()] == ["my_helper.py", "my_parts.py"]


@pytest.mark.parametrize("on_path", [False, True])
def test_a_file_beside_that_is_not_given_is_named_with_its_option(
    plugin_file, monkeypatch, tmp_path, on_path
) -> None:
    helper, parts = plugin_file(HELPER, "my_helper.py"), plugin_file(WITH_HELPER)
    if on_path:  # as with `python -m` in this folder; a worker elsewhere has no such file
        monkeypatch.syspath_prepend(tmp_path)
    message = rf"my_parts\.py:1: .*import my_helper without my_helper\.py.*: --plugin {helper}$"
    with pytest.raises(PluginError, match=message):
        load_plugins([parts])
    assert not loaded_plugins()
    assert "my_helper" not in sys.modules


def test_an_installed_module_may_have_the_name_of_a_file_beside(plugin_file) -> None:
    plugin_file(HELPER, "numpy.py")
    load_plugins([plugin_file(f"import numpy\n{METRIC}")])
    assert "hits@5" in METRICS


def test_files_that_import_one_another_in_a_circle_are_refused(plugin_file) -> None:
    helper = plugin_file("import my_parts\n", "my_helper.py")
    message = r"in a circle, got (my_helper|my_parts)\.py → .*; move what they share"
    with pytest.raises(PluginError, match=message):
        load_plugins([helper, plugin_file(WITH_HELPER)])
    assert not loaded_plugins()


# --- entry points of installed packages -----------------------------------------------------------


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put a package with entry points on the path, and let every registry search again."""
    monkeypatch.syspath_prepend(tmp_path)
    for registry in REGISTRIES.values():
        monkeypatch.setattr(registry, "_is_searched", False)
        monkeypatch.setattr(registry, "_broken", {})
        monkeypatch.setattr(registry, "_components", dict(registry._components))

    def put(module: str, text: str, points: dict[str, dict[str, str]]) -> None:
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
        info = tmp_path / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.2\n")
        lines = [
            line
            for group, names in points.items()
            for line in (f"[class_sweep.{group}]", *(f"{n} = {v}" for n, v in names.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")

    yield put
    for name in [name for name in sys.modules if name.startswith("pkg_")]:
        del sys.modules[name]


def test_an_installed_package_brings_parts(install) -> None:
    install("pkg_bare", BACKBONE, {"backbones": {"bare": "pkg_bare:Bare"}})
    install("pkg_hits", METRIC, {"metrics": {"hits@5": "pkg_hits:hits_at_5"}})
    assert "bare" in BACKBONES
    assert list(METRICS)[-1] == "hits@5"
    assert BACKBONES.load("bare").__name__ == "Bare"
    assert BACKBONES.settings_class("bare").__name__ == "Sizes"


def test_a_package_is_imported_only_when_a_name_is_unknown_or_all_are_needed(install) -> None:
    install("pkg_bare", BACKBONE, {"backbones": {"bare": "pkg_bare:Bare"}})
    assert "aman" in BACKBONES
    assert "pkg_bare" not in sys.modules
    assert "bare" in BACKBONES
    assert "pkg_bare" in sys.modules


@pytest.mark.parametrize(
    ("name", "value", "text", "problem"),
    [
        ("middle", "pkg_x:Middle", "import none_such\n", "must be importable from 'pkg_x:Middle'"),
        ("as_given", "pkg_x:Other", CURRICULUM, 'declared at .* class_sweep.plugin.order("as_giv'),
        ("middle", "pkg_x:as_given", CURRICULUM, "must be declared at 'pkg_x:as_given' with"),
    ],
)
def test_a_broken_part_is_a_warning_and_an_error_where_it_is_named(
    install, caplog, name, value, text, problem
) -> None:
    install("pkg_x", text, {"orders": {name: value}})
    assert name not in list(ORDERS)
    (warning,) = caplog.messages
    assert warning.startswith(f"order {name} of the installed package pkg_x 1.2 is left out: it ")
    assert len(caplog.messages) == 1
    space = SPACE.replace("bare, dimension: {int: [4, 8]}", "aman").replace("letters", "lsa")
    space = space.replace("atoms, atoms: CNOS", "morgan").replace("hits@5", "mrr")
    space = space.replace("difficulty: length, pacing: late, delay: {int: [1, 3]}, ", "")
    with pytest.raises(ConfigError, match=rf"space:5: curriculum\.order: .*{problem[:9]}"):
        parse_space(space.replace("as_given", name))
    parse_space(
        space.replace("as_given", "random").replace("alpha: 0.5", "alpha: {choice: [1.0, 0.5]}")
    )


def test_two_packages_cannot_bring_one_name_and_none_takes_a_built_in_one(install, caplog) -> None:
    for module in ("pkg_a", "pkg_b"):
        points = {"hits@5": f"{module}:hits_at_5", "mrr": f"{module}:hits_at_5"}
        install(module, METRIC, {"metrics": points})
    assert "hits@5" not in METRICS
    assert METRICS["mrr"].label == "MRR"
    assert sum("2 installed packages bring this one" in m for m in caplog.messages) == 2
    assert sum("this one is built in" in m for m in caplog.messages) == 2

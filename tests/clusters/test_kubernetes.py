"""The Kubernetes manifests against the schemas of Kubernetes and the fields of KubeRay."""

import copy
import re
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import ray
import yaml

KUBERNETES = "1.32"  # the version of the schemas


def documents(folder: Path) -> list[dict[str, Any]]:
    return [
        document
        for path in sorted(folder.glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text())
    ]


@pytest.fixture
def folder(checkout) -> Path:
    return checkout / "clusters" / "kubernetes"


@pytest.fixture
def manifests(folder) -> list[dict[str, Any]]:
    return documents(folder)


@pytest.fixture
def of_ray(manifests) -> dict[str, dict[str, Any]]:
    return {m["kind"]: m for m in manifests if m["apiVersion"] == "ray.io/v1"}


@pytest.fixture(scope="session")
def kuberay() -> jsonschema.Draft202012Validator:
    schema = yaml.safe_load(Path(__file__).with_name("kuberay_schema.yaml").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def templates(tree: Any) -> list[dict[str, Any]]:
    """Every pod template in a manifest."""
    if isinstance(tree, list):
        return [pod for item in tree for pod in templates(item)]
    if not isinstance(tree, dict):
        return []
    pods = [tree[name] for name in ("template", "submitterPodTemplate") if name in tree]
    return pods + [pod for value in tree.values() for pod in templates(value)]


def test_the_objects_of_kubernetes_match_its_schemas(manifests):
    of_kubernetes = [m for m in manifests if m["apiVersion"] != "ray.io/v1"]
    assert {m["kind"] for m in of_kubernetes} == {"PersistentVolumeClaim", "NetworkPolicy"}
    for manifest in of_kubernetes:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_the_objects_of_ray_match_the_schema_of_kuberay(of_ray, kuberay):
    assert set(of_ray) == {"RayCluster", "RayJob"}
    for manifest in of_ray.values():
        kuberay.validate(manifest)


def test_every_pod_matches_the_schemas_of_kubernetes(of_ray):
    pods = templates(list(of_ray.values()))
    assert len(pods) == 3  # head, workers, submitter
    for template in pods:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": template.get("metadata", {})}
        kubernetes_validate.validate(pod | {"spec": template["spec"]}, KUBERNETES, strict=True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda spec: spec.update(authOption={"mode": "token"}),
        lambda spec: spec.update(authOptions={"mode": "tokens"}),
        lambda spec: spec["workerGroupSpecs"][0].pop("maxReplicas"),
        lambda spec: spec["headGroupSpec"].update(rayStartParams={"num-cpus": 0}),
    ],
)
def test_a_mistake_in_a_field_is_refused(of_ray, kuberay, spoil):
    spoilt = copy.deepcopy(of_ray["RayCluster"])
    spoil(spoilt["spec"])
    with pytest.raises(jsonschema.ValidationError):
        kuberay.validate(spoilt)


def test_the_token_is_required_and_the_version_is_that_of_the_installed_ray(of_ray, folder):
    spec = of_ray["RayCluster"]["spec"]
    assert spec["authOptions"]["mode"] == "token"
    assert spec["rayVersion"] == ray.__version__
    image = re.search(r"^FROM rayproject/ray:([\d.]+)-", (folder / "Dockerfile").read_text(), re.M)
    assert image
    assert image[1] == ray.__version__


def test_the_job_selects_the_cluster_and_the_network_policy_admits_it(of_ray, manifests):
    name = of_ray["RayCluster"]["metadata"]["name"]
    job = of_ray["RayJob"]["spec"]
    assert job["clusterSelector"] == {"ray.io/cluster": name}
    policy = next(m for m in manifests if m["kind"] == "NetworkPolicy")["spec"]
    assert policy["podSelector"]["matchLabels"] == {"ray.io/cluster": name}
    admitted = [peer["podSelector"]["matchLabels"] for peer in policy["ingress"][0]["from"]]
    assert job["submitterPodTemplate"]["metadata"]["labels"] in admitted


def test_the_volumes_belong_to_the_claim(of_ray, manifests):
    claim = next(m for m in manifests if m["kind"] == "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for template in templates(of_ray["RayCluster"]):
        volumes = {v["name"]: v for v in template["spec"]["volumes"]}
        mounted = {m["name"] for c in template["spec"]["containers"] for m in c["volumeMounts"]}
        assert mounted == set(volumes)
        assert volumes["results"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]

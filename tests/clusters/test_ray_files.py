"""cluster.yaml and clusters/on-premises.yaml: valid for Ray, and closed to other users."""

import copy
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

AWS, ON_PREMISES = "cluster.yaml", "clusters/on-premises.yaml"
COMMANDS = (
    "initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands",
    "head_start_ray_commands", "worker_start_ray_commands",
)  # fmt: skip


@pytest.fixture(params=[AWS, ON_PREMISES])
def cluster(request, checkout) -> dict[str, Any]:
    return yaml.safe_load((checkout / request.param).read_text())


@pytest.fixture
def aws(checkout) -> dict[str, Any]:
    return yaml.safe_load((checkout / AWS).read_text())


def test_ray_prepares_and_validates_it(cluster):
    prepared = prepare_config(copy.deepcopy(cluster))
    validate_config(prepared)
    for name in COMMANDS[2:4]:
        assert prepared[name][: len(cluster["setup_commands"])] == cluster["setup_commands"]


def test_every_command_is_a_shell_command(cluster):
    for name in COMMANDS:
        for command in cluster.get(name, []):
            subprocess.run(["bash", "-n", "-c", command], check=True)


def test_every_start_command_requires_the_mounted_token(cluster):
    starts = [
        command for name in COMMANDS for command in cluster.get(name, []) if "ray start" in command
    ]
    assert len(starts) == 2
    for command in starts:
        before, _ = command.split("ray start")
        assert "RAY_AUTH_MODE=token" in before
        assert "RAY_AUTH_TOKEN_PATH=$HOME/.ray/auth_token" in before
    token = "~/.ray/auth_token"  # noqa: S105 - the path of the token, not the token
    assert cluster["file_mounts"][token] == token


def test_the_file_holds_no_secret(cluster):
    text = json.dumps(cluster)
    assert not re.search(r"\b[0-9a-f]{32,}\b", text)
    assert "RAY_AUTH_TOKEN=" not in text
    assert not re.search(r"AKIA|aws_secret|BEGIN [A-Z ]*PRIVATE KEY", text)


def test_the_dashboard_stays_on_loopback(cluster):
    head = " ".join(cluster["head_start_ray_commands"])
    assert "--dashboard-host=127.0.0.1" in head
    assert "0.0.0.0" not in json.dumps(cluster)  # noqa: S104


def test_the_mounted_files_are_those_that_an_installation_needs(cluster, checkout):
    mounted = {local for remote, local in cluster["file_mounts"].items() if "auth" not in remote}
    assert all((checkout / local).exists() for local in mounted)
    # The files that the build of the package reads.
    project = tomllib.loads((checkout / "pyproject.toml").read_text())
    needed = {"pyproject.toml", "constraints.txt", project["project"]["readme"]}
    needed |= {*project["project"]["license-files"], "search_spaces"}
    needed |= set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert mounted == needed
    for setup in ("head_setup_commands", "worker_setup_commands"):
        assert any("-c constraints.txt '.[cluster]'" in c for c in prepare_config(cluster)[setup])
    assert "cluster" in project["project"]["optional-dependencies"]


def test_idle_machines_are_terminated(aws):
    assert 0 < aws["idle_timeout_minutes"] <= 30
    assert aws["provider"]["cache_stopped_nodes"] is False
    assert all(kind.get("min_workers", 0) == 0 for kind in aws["available_node_types"].values())


def test_spot_machines_come_first_and_on_demand_ones_replace_them(aws):
    from ray.autoscaler.v2.instance_manager.config import AutoscalingConfig

    kinds = AutoscalingConfig(prepare_config(aws), skip_content_hash=True).get_node_type_configs()
    spot, on_demand = kinds["gpu_spot"], kinds["gpu_on_demand"]
    assert spot.priority > on_demand.priority
    assert spot.resources == on_demand.resources
    nodes = aws["available_node_types"]
    market = nodes["gpu_spot"]["node_config"].pop("InstanceMarketOptions")
    assert market["MarketType"] == "spot"
    assert nodes["gpu_spot"]["node_config"] == nodes["gpu_on_demand"]["node_config"]


def test_ray_creates_neither_roles_nor_open_security_groups(aws):
    """Ray's own role has all rights on EC2 and S3, and its own group admits ssh from anywhere."""
    profiles = {
        name: kind["node_config"]["IamInstanceProfile"]["Name"]
        for name, kind in aws["available_node_types"].items()
    }
    assert profiles.pop("head") == "class-sweep-head"
    assert set(profiles.values()) == {"class-sweep-worker"}
    groups = [k["node_config"]["SecurityGroupIds"] for k in aws["available_node_types"].values()]
    assert groups == [["SECURITY-GROUP"]] * 3


def test_every_setting_of_a_machine_is_valid_for_ec2(aws):
    """The model of EC2's interface is part of boto3."""
    import botocore.session
    from botocore.validate import ParamValidator

    shape = (
        botocore.session.get_session()
        .get_service_model("ec2")
        .operation_model("RunInstances")
        .input_shape
    )
    for kind in aws["available_node_types"].values():
        report = ParamValidator().validate(
            kind["node_config"] | {"MinCount": 1, "MaxCount": 1}, shape
        )
        assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("name", ["head-policy.json", "worker-policy.json", "trust-policy.json"])
def test_a_policy_allows_only_named_actions(checkout, aws, name):
    policy = json.loads((checkout / "clusters" / "aws" / name).read_text())
    assert policy["Version"] == "2012-10-17"
    for statement in policy["Statement"]:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert "*" not in action
            open_to_all = statement.get("Resource") == "*"
            assert not open_to_all or action.startswith("ec2:Describe")
    bound = re.findall(r'ray-cluster-name": "([^"]+)"', json.dumps(policy))
    assert set(bound) <= {aws["cluster_name"]}


def test_a_worker_may_use_only_the_bucket(checkout):
    policy = json.loads((checkout / "clusters/aws/worker-policy.json").read_text())
    resources = {statement["Resource"] for statement in policy["Statement"]}
    assert resources == {"arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/class-sweep/*"}
    setup = " ".join(yaml.safe_load((checkout / AWS).read_text())["setup_commands"])
    assert "RESULTS=s3://BUCKET/class-sweep" in setup


@pytest.mark.parametrize("script", ["clusters/slurm.sh", "clusters/aws/prepare.sh", ".ci/run"])
def test_a_script_passes_shellcheck(checkout: Path, script: str):
    subprocess.run(["bash", "-n", checkout / script], check=True)
    shellcheck = Path(sys.executable).with_name("shellcheck")
    subprocess.run([shellcheck, checkout / script], check=True)

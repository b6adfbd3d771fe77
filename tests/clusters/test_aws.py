"""The machines that Ray starts for cluster.yaml, on an imitation of AWS."""

import boto3
import pytest
import yaml
from moto import mock_aws
from ray.autoscaler._private.commands import _bootstrap_config, _get_node_provider

pytestmark = pytest.mark.cluster


@pytest.fixture
def account(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "imitation")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("HOME", str(tmp_path))  # where Ray keeps the key that it makes
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").touch()
    with mock_aws():
        yield


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # boto3's own
def test_machines_start_with_their_settings_and_nothing_else_is_created(
    account, checkout, monkeypatch
):
    monkeypatch.chdir(checkout)
    ec2, iam = boto3.client("ec2"), boto3.client("iam")
    group = ec2.create_security_group(GroupName="class-sweep", Description="test")["GroupId"]
    config = yaml.safe_load(
        (checkout / "cluster.yaml").read_text().replace("SECURITY-GROUP", group)
    )

    def existing() -> tuple[int, int, int]:
        groups, rules = ec2.describe_security_groups(), ec2.describe_security_group_rules()
        return (
            len(groups["SecurityGroups"]),
            len(rules["SecurityGroupRules"]),
            len(iam.list_roles()["Roles"]) + len(iam.list_instance_profiles()["InstanceProfiles"]),
        )

    for name in ("class-sweep-head", "class-sweep-worker"):
        iam.create_instance_profile(InstanceProfileName=name)
    before = existing()
    prepared = _bootstrap_config(config, no_config_cache=True)
    assert existing() == before

    prepared["provider"].pop("_config_cache_path")
    provider = _get_node_provider(prepared["provider"], prepared["cluster_name"])
    for name, kind in prepared["available_node_types"].items():
        [machine] = provider.create_node(kind["node_config"], {"ray-node-type": name}, 1).values()
        assert machine.instance_lifecycle == ("spot" if name == "gpu_spot" else None)
        role = "head" if name == "head" else "worker"
        assert machine.iam_instance_profile["Arn"].endswith(f"/class-sweep-{role}")
        assert [member["GroupId"] for member in machine.security_groups] == [group]
        assert {"Key": "ray-cluster-name", "Value": "class-sweep"} in machine.tags

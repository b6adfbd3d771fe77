#!/usr/bin/env bash
# Prepare an AWS account for cluster.yaml: a private bucket, two instance profiles and a security
# group that allows ssh from your address only. A second run changes nothing that exists.
#   bash clusters/aws/prepare.sh BUCKET REGION YOUR-ADDRESS/32
set -euo pipefail

if [[ $# -ne 3 ]]; then
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
fi
bucket=$1 region=$2 address=$3
here=$(cd "$(dirname "$0")" && pwd)
account=$(aws sts get-caller-identity --query Account --output text)

if ! aws s3api head-bucket --bucket "$bucket" 2> /dev/null; then
  aws s3 mb "s3://$bucket" --region "$region" > /dev/null
fi
aws s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
  BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true

for node in head worker; do
  name=class-sweep-$node
  if ! aws iam get-role --role-name "$name" > /dev/null 2>&1; then
    aws iam create-role --role-name "$name" \
      --assume-role-policy-document "file://$here/trust-policy.json" > /dev/null
  fi
  policy=$(sed "s/BUCKET/$bucket/; s/ACCOUNT/$account/" "$here/$node-policy.json")
  aws iam put-role-policy --role-name "$name" --policy-name "$name" --policy-document "$policy"
  if ! aws iam get-instance-profile --instance-profile-name "$name" > /dev/null 2>&1; then
    aws iam create-instance-profile --instance-profile-name "$name" > /dev/null
    aws iam add-role-to-instance-profile --instance-profile-name "$name" --role-name "$name"
  fi
done

vpc=$(aws ec2 describe-vpcs --region "$region" --filters Name=is-default,Values=true \
  --query 'Vpcs[0].VpcId' --output text)
group=$(aws ec2 describe-security-groups --region "$region" \
  --filters Name=group-name,Values=class-sweep "Name=vpc-id,Values=$vpc" \
  --query 'SecurityGroups[0].GroupId' --output text)
if [[ $group == None ]]; then
  group=$(aws ec2 create-security-group --region "$region" --vpc-id "$vpc" \
    --group-name class-sweep --description 'class-sweep: ssh from one address, all within' \
    --query GroupId --output text)
  aws ec2 authorize-security-group-ingress --region "$region" --group-id "$group" \
    --protocol tcp --port 22 --cidr "$address" > /dev/null
  aws ec2 authorize-security-group-ingress --region "$region" --group-id "$group" \
    --protocol all --source-group "$group" > /dev/null
fi

echo "put into cluster.yaml: BUCKET is $bucket, SECURITY-GROUP is $group, region is $region"

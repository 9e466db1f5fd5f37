"""The proof that the service conforms: plain boto3 over HTTP, measured by botocore's own model of SWF."""

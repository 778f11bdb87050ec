"""A template whose functions are played by handlers of the tests: one that answers HTTP, one that trains."""


def played_by(handlers: str, *routes: str) -> str:
    """`handlers` is a module with a `web`, which takes the `routes`, and a `train`, which takes uploads."""
    events = [
        f"        Route{number}: {{Type: HttpApi, Properties: {{Method: {method}, Path: '{path}'}}}}\n"
        for number, (method, path) in enumerate(route.split(" ") for route in routes)
    ]
    return TEMPLATE.replace("HANDLERS", handlers).replace("        ROUTES\n", "".join(events))


TEMPLATE = """
Globals:
  Function:
    Environment:
      Variables:
        LIFEBOAT_STORE: !Sub 's3://lifeboat-test-${AWS::AccountId}'
        LIFEBOAT_DEFAULT_MODEL: titanic
Resources:
  Store: {Type: AWS::S3::Bucket}
  Web:
    Type: AWS::Serverless::Function
    Properties:
      Handler: HANDLERS.web
      Timeout: 10
      Events:
        ROUTES
  Train:
    Type: AWS::Serverless::Function
    Properties:
      Handler: HANDLERS.train
      Timeout: 10
      Events:
        Uploaded:
          Type: S3
          Properties:
            Bucket: !Ref Store
            Events: s3:ObjectCreated:*
            Filter: {S3Key: {Rules: [{Name: prefix, Value: datasets/}]}}
"""

#!/bin/sh
# /var/runtime/bootstrap of the stand-in: what the runtime emulator starts, as AWS' own image does.
export PYTHONPATH=/var/task:/opt/python:/var/runtime
exec python3 -m awslambdaric "$_HANDLER"

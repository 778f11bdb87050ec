"""The least that a prediction takes: import numpy and onnxruntime, score one row by a graph in a local file.

Arguments: a folder that has both packages, the graph. Prints the moment at which that was done (see cold.py).
"""

import json
import os
import sys
import time


def main() -> None:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    folder, model = sys.argv[1:]
    sys.path.insert(0, folder)
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    row = {
        node.name: np.array([["male" if node.name == "sex" else ""]], dtype=object)
        if node.type == "tensor(string)"
        else np.array([[1]], dtype=np.float32)
        for node in session.get_inputs()
    }
    session.run(["label", "probabilities"], row)
    print(json.dumps({"scored": time.monotonic()}))


main()

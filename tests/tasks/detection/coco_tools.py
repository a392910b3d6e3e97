"""Writes COCO's average precision of detections: the mean over IoU .5 to .95,
at .5 and at .75, each over all areas.

    python coco_tools.py objects.json detections.json result.txt
"""
import contextlib
import io
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

with contextlib.redirect_stdout(io.StringIO()):
    objects = COCO(sys.argv[1])
    evaluation = COCOeval(objects, objects.loadRes(sys.argv[2]), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
with open(sys.argv[3], "w") as file:
    file.write(" ".join(repr(float(value)) for value in evaluation.stats[:3]))

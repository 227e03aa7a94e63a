"""What the environment says of this configuration, for API and worker alike.

`celery`: Celery's own settings. `task`: options of the task `sound.work`. `work`: what one submission asks for. `lasts_s`: the shortest and
the longest time that its task takes. `bytes`: how large the argument and the result are. `api`: how the routes call Celery. `priorities`: how
many there are. `queues`: those that are declared, beside the routes. `reads_results`: whether there are results to read.
"""

import json
import os

SETTINGS = json.loads(os.environ["SOUND_SETTINGS"])

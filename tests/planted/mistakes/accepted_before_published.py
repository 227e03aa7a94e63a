import asyncio

from hardened.intake import Intake


async def hopeful(self, task_id, arguments):
    asyncio.get_running_loop().run_in_executor(None, self._take_in, task_id, arguments)


Intake.submit = hopeful

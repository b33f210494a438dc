"""A proxy on this machine that cuts connections at random points, and whose server may move to another port."""

import asyncio
import contextlib
import socket
import struct
import threading


class CuttingProxy:
    """Cuts `cuts` connections and passes the others on untouched.

    Each cut is drawn: after so many bytes of requests, or after so many bytes of answers; and whether both ends see a reset
    or an end.
    """

    def __init__(self, chance, server, cuts=0, likely=0.6, most_up=400_000):
        self.chance, self.server = chance, server
        self.cuts, self.likely, self.most_up = cuts, likely, most_up
        self.made = {"in a request": 0, "before an answer": 0, "in an answer": 0}
        self.port = None
        # A loop does not keep the tasks of its connections.
        self._tasks = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def done(self):
        return sum(self.made.values())

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def _run(self):
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        self._ending = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ending.wait()
        server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _plan(self):
        """What this connection is cut after: ("up", bytes), ("down", bytes), or nothing."""
        if self.done >= self.cuts or self.chance.random() > self.likely:
            return None
        if self.chance.random() < 0.7:
            # Small and large ones alike.
            return "up", int(self.most_up ** self.chance.random())
        return "down", self.chance.choice((0, self.chance.randint(1, 300)))

    async def _connection(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        plan = self._plan()
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.server())
        except OSError:
            self._end(writer, hard=True)
            return
        cut = asyncio.Event()

        async def pass_on(source, target, direction):
            count = 0
            with contextlib.suppress(OSError):
                while data := await source.read(1 << 14):
                    if plan and plan[0] == direction and count + len(data) > plan[1] and self.done < self.cuts:
                        target.write(data[:plan[1] - count])
                        await target.drain()
                        kind = "in a request" if direction == "up" else "in an answer" if plan[1] else "before an answer"
                        self.made[kind] += 1
                        cut.set()
                        return
                    count += len(data)
                    target.write(data)
                    await target.drain()
            # One end has ended; the other is told when everything was passed on.
            with contextlib.suppress(OSError):
                target.write_eof()

        ways = asyncio.gather(pass_on(reader, other_writer, "up"), pass_on(other_reader, writer, "down"))
        ends = {asyncio.ensure_future(ways), asyncio.ensure_future(cut.wait())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass  # because the proxy is being closed, and this connection with it
        finally:
            hard = cut.is_set() and self.chance.random() < 0.5
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            self._end(writer, hard)
            self._end(other_writer, hard)

    @staticmethod
    def _end(writer, hard):
        if hard:
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        else:
            writer.close()

# SPDX-License-Identifier: Apache-2.0
"""What recording costs, by the number of streams, beside what else records.

Each records the same streams over RTSP/TCP as they come, 1080p30 of 4 Mbit/s with a keyframe each second, to the same
disk: a Martlet store, which serves them as well; `ffmpeg -c copy -f segment` and `gst-launch-1.0 rtspsrc !
splitmuxsink`, a process for each stream; motion with `movie_passthrough`, one process, which decodes each picture to
look for motion. `read only` is no recorder: it throws away what it reads, and nobody can do with less.

Once all streams are being written, and have been for a while, it is counted for some seconds what the whole process
trees take: CPU (user and system time), memory (the proportional set size of all together), threads, how often a thread
is put on a core, and what the kernel is made to write for each byte of H.264 that came.

Afterwards each file is read, and compared with the film that was sent. Frames that are lost are a figure of their own;
Martlet has no others then, and nobody has whose files end before the time, or who kept the source itself from sending.
"""
import signal
import time

from bench import footage, martlet, processes, report, source
from bench.measurement import Measurement

NAME = "record"
MEDIA = (".mp4", ".mkv")
SETTLING = 1
# Bytes of a file that is being written: more than its head, less than a second.
BEGUN = 300_000


def contenders(streams):
    """Who records so many streams; not everybody each number of them, since that would take long."""
    names = ["martlet", "ffmpeg"]
    if streams in (1, 16):
        names.append("gst-launch")
    if streams == 1:
        names.append("motion")
    if streams == 16:
        names.append("read only")
    return names


def measure(context):
    for streams in (1, 4, 16, 64):
        for name in contenders(streams):
            if name == "motion" and not source.is_installed("motion"):
                context.note("motion is not installed: not measured. Debian's package would start it as a service.")
                continue
            yield from cell(context, name, streams)


def make(name, context, folder, stream, streams):
    """The processes of a contender that write to a folder."""
    urls = [stream.url(f"camera-{number}") for number in range(streams)]
    if name == "martlet":
        cameras = {f"camera-{number}": url for number, url in enumerate(urls)}
        return processes.Group([martlet.store(context.martlet, folder, cameras)])
    if name == "read only":
        return processes.Group([source.Viewers(folder, urls[0], streams)])
    if name == "motion":
        return motion(folder, urls)
    daemons = []
    for number, url in enumerate(urls):
        if name == "ffmpeg":
            command = ["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-c", "copy"]
            command += ["-f", "segment", "-segment_time", "600", "-reset_timestamps", "1", f"{number}-%03d.mp4"]
        else:
            command = ["gst-launch-1.0", "-q", "-e", "rtspsrc", f"location={url}", "latency=200", "protocols=tcp"]
            command += ["!", "rtph264depay", "!", "h264parse", "!", "splitmuxsink", f"location={number}-%03d.mp4"]
            command += ["max-size-time=600000000000"]
        daemons.append(processes.Daemon(command, folder / f"{number}.log", folder))
    # ffmpeg exits with 255 after a signal.
    return processes.Group(daemons, signal.SIGINT, (0, 255))


def motion(folder, urls):
    """One process, all of whose cameras always see motion."""
    common = {
        "daemon": "off", "setup_mode": "off", "log_level": 4, "target_dir": folder, "webcontrol_port": 0,
        "width": source.WIDTH, "height": source.HEIGHT, "framerate": source.FRAMERATE, "emulate_motion": "on",
        "picture_output": "off", "movie_output": "on", "movie_passthrough": "on", "movie_codec": "mp4",
        "movie_max_time": 600,
    }  # fmt: skip
    lines = [f"{key} {value}" for key, value in common.items()]
    for number, url in enumerate(urls, 1):
        file = folder / f"camera-{number}.conf"
        file.write_text(f"camera_id {number}\nnetcam_url {url}\nmovie_filename {number}-%v\n")
        lines.append(f"camera {file}")
    (folder / "motion.conf").write_text("\n".join(lines) + "\n")
    command = ["motion", "-n", "-c", folder / "motion.conf"]
    return processes.Group([processes.Daemon(command, folder / "log", folder)])


def files(folder):
    return [path for path in folder.rglob("*") if path.suffix in MEDIA]


def cell(context, name, streams):
    """One contender with so many streams."""
    seconds = 3 if context.quick else 6
    folder = context.folder / f"{name.replace(' ', '-')}-{streams}"
    folder.mkdir()
    with source.Stream(folder) as stream, make(name, context, folder, stream, streams) as group:

        def all_write():
            group.must_run()
            return name == "read only" or sum(path.stat().st_size > BEGUN for path in files(folder)) >= streams

        processes.until(all_write, f"{name} with {streams} streams does not write", 60)
        time.sleep(SETTLING)
        before = stream.figures()
        meter = processes.Meter(group.pids)
        time.sleep(seconds)
        used, after = meter.read(), stream.figures()
        memory, threads = processes.memory(group.pids), processes.threads(group.pids)
        group.stop()
        stream.stop()
    received, sent = after["bytes"] - before["bytes"], after["sent"] - before["sent"]
    void, lost = None, 0
    if name != "read only":
        found = [footage.recorded([path]) for path in files(folder)]
        lost = sum(each.lost + each.repeated for each in found)
        short = sum(each.seconds < seconds for each in found)
        if len(found) != streams or short:
            void = f"{len(found)} files for {streams} streams, {short} of them shorter than {seconds} s"
        elif name == report.OURS and (lost or any(each.uneven for each in found)):
            void = f"{lost} frames lost or twice, {sum(each.uneven for each in found)} not at their time"
    if after["dropped"] or sent < 0.97 * used.seconds * source.FRAMERATE * streams:
        void = f"the source could not send: it dropped {after['dropped']} frames, sent {sent} in {used.seconds:.1f} s"
    for what, value, unit in (
        ("CPU", used.cpu / streams / used.seconds * 60, "s / stream-minute"),
        ("memory", memory, "MB"),
        ("threads", threads, ""),
        ("context switches", used.switches / streams / used.seconds, "/ stream-second"),
        ("written for each byte received", used.written / received, ""),
        ("frames lost", lost, ""),
    ):
        if name != "read only" or what in ("CPU", "context switches"):
            yield Measurement(NAME, what, name, value, unit, void=void, streams=streams)
    for path in files(folder):
        path.unlink()

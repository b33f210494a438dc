import Evidence
import Extraction
import ExtractionWire
import Foundation
import Glibc
import Testing

/// The worker as a process: its confinement, its end, and programs in its place that mean harm.
@Suite(.serialized)
struct WorkerTests {
    @Test func `the worker confines its readers here`() throws {
        let (tool, landlock) = try Extractor.probe(worker: workerPath).get()
        #expect(tool.contains("poppler/"))
        #expect(landlock >= 1)
    }

    @Test func `a worker that is not there is named`() {
        let missing = ExtractionError.workerMissing(path: "/nowhere/minhchung-extract", cause: "No such file or directory")
        #expect(throws: missing) { _ = try Extractor(worker: "/nowhere/minhchung-extract") }
        #expect("\(missing)" == "starting the extraction worker /nowhere/minhchung-extract: No such file or directory")
    }

    @Test func `a program that is no worker is refused`() {
        #expect(throws: ExtractionError.workerFailed(cause: "it was not ready: it ended with exit code 0")) {
            _ = try Extractor(worker: "/bin/true")
        }
    }

    /// Kernels that lack something, by a filter that answers one system call for them: with an error, or with a lie.
    static let kernels: [(String, call: String, errno: Int32, reason: String)] = [
        ("no Landlock", "444", ENOSYS, "Landlock (landlock_create_ruleset): Function not implemented"),
        ("Landlock that does not restrict", "446", EPERM, "Landlock (landlock_restrict_self)"),
        ("no seccomp", "277 if platform.machine() == 'aarch64' else 317", ENOSYS, "seccomp filter"),
        ("Landlock that only says so", "446", 0, "self-test: not refused: reading a file"),
        ("seccomp that only says so", "277 if platform.machine() == 'aarch64' else 317", 0, "self-test: not refused:"),
    ]

    @Test("without confinement nothing is read", arguments: kernels)
    func unconfined(name: String, call: String, errno: Int32, reason: String) throws {
        let launcher = try Script(
            """
            import ctypes, os, platform, struct
            call = \(call)
            # load the number; equal: answer with the error; else allow
            code = [(0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x00050000 | \(errno)), (0x06, 0, 0, 0x7fff0000)]
            filter = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *line) for line in code))
            program = struct.pack('HxxxxxxQ', len(code), ctypes.addressof(filter))
            libc = ctypes.CDLL(None)
            assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
            os.execv('\(workerPath)', ['minhchung-extract'])
            """)
        let error = #expect(throws: ExtractionError.self) { _ = try Extractor(worker: launcher.path) }
        guard case .confinementUnavailable(let found)? = error else {
            Issue.record("not refused for its confinement: \(String(describing: error))")
            return
        }
        #expect(found.hasPrefix(reason), "\(found)")
    }

    @Test func `a reader that crashes is tried once more`() throws {
        let extractor = try Extractor(worker: workerPath, limits: .init(cpuSeconds: 1))
        let worker = try #require(extractor.workerProcess)
        let striker = Striker(worker, readers: 1, with: SIGSEGV)
        #expect(try extractor.read(TestPDF.formBomb).finding.reason == "needs more than 1 s of processor time")
        #expect(striker.struck == 1)
    }

    @Test func `a reader that crashes twice fails its document, and the next one is read`() throws {
        let extractor = try Extractor(worker: workerPath)
        let worker = try #require(extractor.workerProcess)
        let striker = Striker(worker, readers: 2, with: SIGSEGV)
        let (finding, pages) = try extractor.read(TestPDF.formBomb)
        #expect(finding.state == .failed)
        #expect(finding.reason == "crashed twice (signal SIGSEGV)")
        #expect(striker.struck == 2)
        #expect(pages.isEmpty)
        #expect(try extractor.read(TestPDF.pages(["a"])).pages == ["a"])
    }

    @Test func `a worker killed in the middle is replaced`() throws {
        let extractor = try Extractor(worker: workerPath, limits: .init(cpuSeconds: 1))
        let worker = try #require(extractor.workerProcess)
        Thread.detachNewThread {
            while children(of: worker).isEmpty, kill(worker, 0) == 0 { sched_yield() }
            kill(worker, SIGKILL)
        }
        #expect(try extractor.read(TestPDF.formBomb).finding.reason == "needs more than 1 s of processor time")
        #expect(extractor.workerProcess != worker)
        #expect(try extractor.read(TestPDF.pages(["a"])).pages == ["a"])
    }

    @Test func `a worker that hangs costs its document, and is replaced`() throws {
        let extractor = try Extractor(worker: workerPath, limits: .init(wallSeconds: 1))
        let worker = try #require(extractor.workerProcess)
        kill(worker, SIGSTOP)
        #expect(try extractor.read(TestPDF.pages(["a"])).finding.reason == "takes longer than 1 s")
        #expect(kill(worker, 0) != 0)
        #expect(try extractor.read(TestPDF.pages(["a"])).pages == ["a"])
    }

    @Test func `no reader outlives its worker, and no worker its client's object`() throws {
        var extractor: Extractor? = try Extractor(worker: workerPath)
        let worker = try #require(extractor?.workerProcess)
        #expect(kill(worker, 0) == 0)
        extractor = nil
        #expect(kill(worker, 0) != 0)
        #expect(extractor == nil)
    }

    static let hostile: [(Sample, reason: String)] = [
        (Sample("garbage", [0xDE, 0xAD, 0xBE, 0xEF]), "crashed twice (garbled answer: a frame of unknown type 222)"),
        (
            Sample("a huge frame", Frame.kind(mediaType: "a/b") + [3, 0xFF, 0xFF, 0xFF, 0xFF]),
            "crashed twice (garbled answer: a frame of type 3 with 4294967295 bytes)"
        ),
        (Sample("no last frame", Frame.kind(mediaType: "a/b")), "crashed twice (exit code 7)"),
        (Sample("half a frame", [1, 9, 0, 0, 0, 0x61]), "crashed twice (exit code 7)"),
        (Sample("nothing", []), "crashed twice (exit code 7)"),
        (
            Sample("bytes after the last frame", Frame.kind(mediaType: "a/b") + Frame.notRead() + [0]),
            "crashed twice (garbled answer: bytes after the last frame)"
        ),
        (
            Sample(
                "a NUL in a page",
                Frame.kind(mediaType: "a/b") + Frame.pageHeader(number: 1, textSize: 1) + [0]
                    + Frame.done(pageCount: 1, limit: nil)),
            "crashed twice (garbled answer: a malformed page frame)"
        ),
    ]

    @Test("a reader that answers wrongly fails its document", arguments: hostile)
    func hostileReader(answer: Sample, reason: String) throws {
        let fake = try fakeWorker(answer.bytes, report: ControlReport.ended(.exited(code: 7), cpuMilliseconds: 0, peakKilobytes: 0).bytes)
        let extractor = try Extractor(worker: fake.path)
        let finding = try extractor.read([]).finding
        #expect(finding.state == .failed)
        #expect(finding.reason == reason)
    }

    @Test func `a worker that reports nonsense is replaced, and a whole answer stands`() throws {
        let fake = try fakeWorker(Frame.kind(mediaType: "a/b") + Frame.notRead(), report: [9, 9, 9])
        let extractor = try Extractor(worker: fake.path)
        let worker = extractor.workerProcess
        let finding = try extractor.read([]).finding
        #expect(finding.state == .kindNotRead)
        #expect(finding.mediaType == "a/b")
        #expect(extractor.workerProcess != worker)
    }

    @Test(
        "how a reader ends says why it failed",
        arguments: [
            (.signalled(24), "needs more than 10 s of processor time"), (.signalled(5), "needs more memory than 640 MiB"),
            (.outOfMemory, "needs more memory than 640 MiB"), (.signalled(6), "crashed twice (signal SIGABRT)"),
            (.signalled(9), "crashed twice (signal SIGKILL)"), (.refused("seccomp filter"), "crashed twice (not confined: seccomp filter)"),
        ] as [(ControlReport.ReaderEnd, String)])
    func ends(end: ControlReport.ReaderEnd, reason: String) throws {
        let fake = try fakeWorker([], report: ControlReport.ended(end, cpuMilliseconds: 0, peakKilobytes: 100).bytes)
        let extractor = try Extractor(worker: fake.path)
        #expect(try extractor.read([]).finding.reason == reason)
    }

    @Test func `an abort with the memory nearly full is the memory limit`() throws {
        let report = ControlReport.ended(.signalled(6), cpuMilliseconds: 0, peakKilobytes: 700 << 10)
        let fake = try fakeWorker([], report: report.bytes)
        let extractor = try Extractor(worker: fake.path)
        #expect(try extractor.read([]).finding.reason == "needs more memory than 640 MiB")
    }
}

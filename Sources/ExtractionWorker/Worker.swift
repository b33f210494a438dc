import CConfinement
import CDescriptors
import ExtractionWire
import Glibc

/// The worker: keeps the parsers' libraries warm, and forks one confined reader per document. It parses no document itself.
///
/// One thread, no Foundation, no Dispatch, no concurrency: a fork of a process with threads could not go on safely.
@main
enum Worker {
    /// The control socket, our standard input.
    static let control: Int32 = 0
    /// The only folders that a reader can open files in: character maps for fonts that do not bring their own, and the system's
    /// fonts for texts that do not bring theirs.
    static let readable: [StaticString] = ["/usr/share/poppler", "/usr/share/fonts", "/usr/local/share/fonts"]
    static let version = 1
    /// Exit codes of a reader from here on say which step of its confinement failed.
    static let refusalBase: Int32 = 100

    static func main() {
        // What it says was for the loader alone.
        clearenv()
        // No folder is kept busy.
        guard chdir("/") == 0 else { exit(2) }
        // Swift's handler for crashes would start a debugger on a reader that crashes; it is refused that, and would let a
        // reader go on that was ended from outside. A crash is to be an end.
        for crash in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(crash, SIG_DFL) }
        var landlock: Int32 = 0
        let unavailable = makeReady(&landlock)
        var warm: WarmLibraries?
        if unavailable == nil { warm = WarmLibraries() }
        let readiness = unavailable ?? (warm == nil ? "libmagic: its database cannot be loaded" : selfTest())
        let tool = "minhchung-extract/\(version) \(WarmLibraries.versions)"
        report(.hello(tool: tool, landlock: Int(landlock), unavailable: readiness))
        guard readiness == nil, var warm else { exit(0) }
        serve(&warm)
    }

    /// Gives up root and prepares the confinement. Returns why that failed.
    private static func makeReady(_ landlock: inout Int32) -> String? {
        let dropped = confinement_drop_root()
        guard dropped == 0 else { return "giving up root: \(message(dropped))" }
        var step = CONFINEMENT_HELD
        let folders = readable.map { Optional(UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self)) } + [nil]
        let prepared = confinement_prepare(folders, &landlock, &step)
        guard prepared == 0 else { return "\(stepName(Int32(step.rawValue))): \(message(prepared))" }
        return nil
    }

    /// Confines a process and lets it try to get out. Returns what it could do, or `nil` if all was refused.
    private static func selfTest() -> String? {
        var answer: [Int32] = [-1, -1]
        guard descriptors_pipe(&answer) == 0 else { return "self-test: pipe: \(message(errno))" }
        let parent = getpid()
        let limits = ExtractionLimits()
        let child = descriptors_fork()
        if child == 0 {
            enterConfinement(parent: parent, document: answer[0], answer: answer[1], limits.reader)
            var escapes = confinement_escapes(parent)
            let sent = write(CONFINEMENT_ANSWER, &escapes, MemoryLayout<UInt32>.size)
            _exit(sent == MemoryLayout<UInt32>.size ? 0 : 1)
        }
        close(answer[1])
        defer { close(answer[0]) }
        guard child > 0 else { return "self-test: fork: \(message(errno))" }
        var escapes: UInt32 = 0
        let received = read(answer[0], &escapes, MemoryLayout<UInt32>.size)
        switch reap(child).end {
        case .exited(code: 0) where received == MemoryLayout<UInt32>.size: break
        case .refused(let step): return step
        case let end: return "self-test: the confined process ended with \(end)"
        }
        guard escapes != 0 else { return nil }
        let names = (0..<UInt32(32)).filter { escapes & (1 << $0) != 0 }
            .compactMap { confinement_escape_name($0).map { String(cString: $0) } }
        return "self-test: not refused: \(names.joined(separator: ", "))"
    }

    /// Answers requests until the client closes the socket.
    private static func serve(_ warm: inout WarmLibraries) -> Never {
        let parent = getpid()
        while true {
            guard let (request, descriptors) = receive() else { exit(0) }
            guard request != .kill, descriptors.count == 2 else {
                // A kill that crossed with the end of its reader.
                descriptors.forEach { close($0) }
                continue
            }
            if case .render = request { warm.warmForPages() }
            let child = descriptors_fork()
            if child == 0 {
                let (document, answer) = (descriptors[0], descriptors[1])
                switch request {
                case .read(let limits):
                    enterConfinement(parent: parent, document: document, answer: answer, limits.reader)
                    readDocument(limits, warm)
                case .render(let page):
                    enterConfinement(parent: parent, document: document, answer: answer, page.limits.reader)
                    showPage(page, warm)
                case .kill: _exit(0)  // never comes here
                }
            }
            let failure = errno
            descriptors.forEach { close($0) }
            guard child > 0 else {
                report(.ended(.notStarted(Int(failure)), cpuMilliseconds: 0, peakKilobytes: 0))
                continue
            }
            watch(child)
            let (end, cpu, peak) = reap(child)
            report(.ended(end, cpuMilliseconds: cpu, peakKilobytes: peak))
        }
    }

    /// Takes all rights away from this process, a fresh child. Where that fails, the child ends and nothing is read.
    private static func enterConfinement(parent: pid_t, document: Int32, answer: Int32, _ limits: ReaderLimits) {
        let step = confinement_enter(
            parent, document, answer, UInt64(limits.addressSpace), UInt32(clamping: limits.cpuSeconds))
        if step != CONFINEMENT_HELD { _exit(refusalBase + Int32(step.rawValue)) }
    }

    /// Returns when the child has ended. Kills it when the client says so or is gone.
    private static func watch(_ child: pid_t) {
        let ending = descriptors_of_process(child)
        defer { if ending >= 0 { close(ending) } }
        var watched = [
            pollfd(fd: ending, events: Int16(POLLIN), revents: 0),
            pollfd(fd: control, events: Int16(POLLIN), revents: 0),
        ]
        guard ending >= 0 else {
            // Without a way to wait for both, a child cannot be left alone.
            kill(child, SIGKILL)
            return
        }
        while true {
            guard poll(&watched, 2, -1) >= 0 else { continue }
            if watched[0].revents != 0 { return }
            if watched[1].revents != 0 {
                // Whatever the client says while a reader is at work means its end: kill, or a closed socket.
                if let (_, descriptors) = receive() { descriptors.forEach { close($0) } }
                kill(child, SIGKILL)
                return
            }
        }
    }

    private static func reap(_ child: pid_t) -> (end: ControlReport.ReaderEnd, cpuMilliseconds: Int, peakKilobytes: Int) {
        var status: Int32 = 0
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0, errno == EINTR {}
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        let end: ControlReport.ReaderEnd
        // The macros WIFEXITED and so on, which Swift does not see.
        if status & 0x7F == 0 {
            switch (status >> 8) & 0xFF {
            case Int32(CONFINEMENT_EXIT_MEMORY): end = .outOfMemory
            case let code where code > refusalBase: end = .refused(stepName(code - refusalBase))
            case let code: end = .exited(code: Int(code))
            }
        } else {
            end = .signalled(Int(status & 0x7F))
        }
        return (end, seconds * 1_000 + Int(microseconds) / 1_000, Int(usage.ru_maxrss))
    }

    /// The next message, or `nil` when the client is gone. One that we do not understand ends us: it is not our client.
    private static func receive() -> (ControlRequest, [Int32])? {
        var bytes = [UInt8](repeating: 0, count: 256)
        var descriptors = [Int32](repeating: -1, count: Int(DESCRIPTORS_AT_MOST))
        var count = 0
        let length = descriptors_receive(control, &bytes, bytes.count, &descriptors, &count)
        guard length != 0 else { return nil }
        guard length > 0, let request = bytes.withUnsafeBytes({ ControlRequest(UnsafeRawBufferPointer(rebasing: $0[..<length])) })
        else { exit(2) }
        return (request, Array(descriptors[..<count]))
    }

    private static func report(_ report: ControlReport) {
        let bytes = report.bytes
        // The client is gone if this fails, and the next receive says so.
        _ = descriptors_send(control, bytes, bytes.count, nil, 0)
    }

    private static func message(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func stepName(_ step: Int32) -> String { String(cString: confinement_step_name(step)) }
}

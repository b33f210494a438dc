import CDescriptors
import ExtractionWire
import Glibc

/// A running worker and the socket to it. Ends with this object.
final class WorkerProcess {
    /// How long a worker may take from its start to its first message, in milliseconds; it loads its libraries and tests its
    /// confinement in that time.
    static let startTime = 15_000

    let identifier: pid_t
    let tool: String
    let landlock: Int
    private let control: Int32

    /// Starts a worker and returns when it is ready.
    init(path: String) throws(ExtractionError) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw .workerFailed(cause: "making its control socket: \(message(errno))")
        }
        control = ends[0]
        let started = Self.spawn(path, standardInput: ends[1])
        close(ends[1])
        switch started {
        case .success(let process):
            identifier = process
        case .failure(let code):
            close(ends[0])
            throw .workerMissing(path: path, cause: message(code.code))
        }
        let hello = Self.receive(from: control, until: Moment.now + Self.startTime)
        guard case .hello(let tool, let landlock, let unavailable)? = hello, Self.isLine(tool) else {
            let status = Self.end(identifier)
            close(control)
            throw .workerFailed(cause: "it was not ready: \(Self.description(ofStatus: status))")
        }
        self.tool = tool
        self.landlock = landlock
        if let unavailable {
            _ = Self.end(identifier)
            close(control)
            throw .confinementUnavailable(reason: unavailable)
        }
    }

    deinit {
        // No reader outlives its worker: the kernel ends it with its parent.
        _ = Self.end(identifier)
        close(control)
    }

    /// Hands over a document and the descriptor for its frames; the caller keeps its own. Returns whether the worker has them.
    func send(_ request: ControlRequest, _ descriptors: [Int32] = []) -> Bool {
        let bytes = request.bytes
        return descriptors_send(control, bytes, bytes.count, descriptors, descriptors.count) == 0
    }

    /// How the reader ended, or `nil` if the worker does not say so before the moment.
    func awaitEnd(until moment: Int) -> (end: ControlReport.ReaderEnd, cpuMilliseconds: Int, peakKilobytes: Int)? {
        guard case .ended(let end, let cpu, let peak)? = Self.receive(from: control, until: moment) else { return nil }
        return (end, cpu, peak)
    }

    private struct StartFailure: Error { let code: Int32 }

    /// Only the control socket reaches the worker: no other descriptor, no blocked or ignored signal, a session of its own, and
    /// nothing of our environment. What it is told instead is for its loader: to resolve all symbols at once, in the worker,
    /// and not again in every reader.
    private static func spawn(_ path: String, standardInput: Int32) -> Result<pid_t, StartFailure> {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        descriptors_close_from(&actions, 3)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF) | descriptors_spawn_in_own_session())
        var process: pid_t = 0
        let result = path.withCString { name in
            var arguments: [UnsafeMutablePointer<CChar>?] = [UnsafeMutablePointer(mutating: name), nil]
            return "LD_BIND_NOW=1".withCString { bindNow in
                var environment: [UnsafeMutablePointer<CChar>?] = [UnsafeMutablePointer(mutating: bindNow), nil]
                return posix_spawn(&process, name, &actions, &attributes, &arguments, &environment)
            }
        }
        return result == 0 ? .success(process) : .failure(StartFailure(code: result))
    }

    /// The next report, or `nil` if there is none before the moment, the worker is gone, or it is not one of ours.
    private static func receive(from control: Int32, until moment: Int) -> ControlReport? {
        guard waitToRead(control, until: moment) else { return nil }
        var bytes = [UInt8](repeating: 0, count: ControlReport.longest)
        var descriptors = [Int32](repeating: -1, count: Int(DESCRIPTORS_AT_MOST))
        var count = 0
        let length = descriptors_receive(control, &bytes, bytes.count, &descriptors, &count)
        // None is ever sent this way.
        descriptors[..<count].forEach { close($0) }
        guard length > 0 else { return nil }
        return bytes.withUnsafeBytes { ControlReport(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    }

    /// Kills the process and waits for its end. Returns its status: its own end, if it had ended before.
    private static func end(_ process: pid_t) -> Int32 {
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status
    }

    private static func description(ofStatus status: Int32) -> String {
        switch status & 0x7F {
        case 0: "it ended with exit code \((status >> 8) & 0xFF)"
        case SIGKILL: "no greeting that we understand within \(startTime / 1_000) s"
        case let signal: "it ended with signal \(signalName(Int(signal)))"
        }
    }

    private static func isLine(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 200 && text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
    }
}

/// Times on the clock that no one sets, in milliseconds.
enum Moment {
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}

/// Waits until there is something to read, also an end. Returns `false` if the moment came first.
func waitToRead(_ descriptor: Int32, until moment: Int) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
        let remaining = moment - Moment.now
        guard remaining > 0 else { return false }
        let ready = poll(&watched, 1, Int32(clamping: remaining))
        if ready > 0 { return true }
        if ready < 0, errno != EINTR { return false }
    }
}

func message(_ code: Int32) -> String { String(cString: strerror(code)) }

func signalName(_ signal: Int) -> String {
    switch Int32(signal) {
    case SIGSEGV: "SIGSEGV"
    case SIGABRT: "SIGABRT"
    case SIGBUS: "SIGBUS"
    case SIGILL: "SIGILL"
    case SIGFPE: "SIGFPE"
    case SIGTRAP: "SIGTRAP"
    case SIGKILL: "SIGKILL"
    case SIGPIPE: "SIGPIPE"
    default: "\(signal)"
    }
}

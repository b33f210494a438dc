internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Synchronization

/// What a line of progress shows: only on a terminal, at most ten times a second, and gone when it is done.
final class Progress: Sendable {
    private struct State {
        var drawn: timespec = timespec()
        var isShown = false
    }

    private let state = Mutex(State())
    private let isOn: Bool
    private let started = Progress.monotonic()

    init(isQuiet: Bool) { isOn = !isQuiet && isatty(STDERR_FILENO) == 1 }

    /// Shows how far `act` is. `unit` turns a number into text, e.g. bytes into `12.3 MB`.
    func show(_ act: String, _ done: Int64, of total: Int64, unit: (Int64) -> String = { "\($0)" }) {
        guard isOn else { return }
        let now = Self.monotonic()
        let isDue = state.withLock { state in
            guard Self.seconds(from: state.drawn, to: now) >= 0.1 else { return false }
            state.drawn = now
            state.isShown = true
            return true
        }
        guard isDue else { return }
        let elapsed = Self.seconds(from: started, to: now)
        var line = "\(act) \(unit(done))"
        if total > 0 { line += " of \(unit(total)) (\(min(100, 100 * done / max(1, total))) %)" }
        if elapsed > 0.5, done > 0 {
            let rate = Double(done) / elapsed
            line += ", \(unit(Int64(rate)))/s"
            if total > done { line += ", \(Self.duration(Double(total - done) / rate)) left" }
        }
        write("\r\(line)\u{1B}[K", to: STDERR_FILENO)
    }

    /// Removes the line, so that what is printed next stands alone.
    func clear() {
        let wasShown = state.withLock { state in
            defer { state.isShown = false }
            return state.isShown
        }
        if wasShown { write("\r\u{1B}[K", to: STDERR_FILENO) }
    }

    private static func monotonic() -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time
    }

    private static func seconds(from start: timespec, to end: timespec) -> Double {
        Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) / 1e9
    }

    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        if whole < 86_400 { return "\(whole / 3600) h \(whole / 60 % 60) min" }
        return "\(whole / 86_400) d \(whole / 3600 % 24) h"
    }
}

/// Bytes for people: `512 B`, `12.3 MB`.
func byteCount(_ bytes: Int64) -> String {
    var value = Double(bytes)
    var unit = 0
    let units = ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000, unit < units.count - 1 {
        value /= 1000
        unit += 1
    }
    if unit == 0 { return "\(bytes) B" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
}

/// One line on standard output, there when the call returns: an acknowledgement must not wait in a buffer.
func printLine(_ text: String) {
    write(text + "\n", to: STDOUT_FILENO)
}

/// One line on standard error.
func printError(_ text: String) {
    // Some of it comes from documents and names of files. The list of a table's mistakes is ours and has lines.
    write("minhchung: \(text.split(separator: "\n").map { visible(String($0)) }.joined(separator: "\n"))\n", to: STDERR_FILENO)
}

/// A line of a log on standard error, which is JSON already.
@Sendable func printLogLine(_ line: String) {
    write(line + "\n", to: STDERR_FILENO)
}

/// Why standard output could not be written, the first time that it could not; told at the end, because a deposit goes on.
let outputFailure = Mutex<Int32>(0)

/// Writes without a buffer, so that what is printed is not lost with the process.
private func write(_ text: String, to stream: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(stream, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
            if stream == STDOUT_FILENO { outputFailure.withLock { [cause = errno] in $0 = $0 == 0 ? cause : $0 } }
            return
        }
        rest = rest.dropFirst(count)
    }
}

/// One JSON object on a line of its own.
func printJSON(_ members: [String: JSON?]) {
    printLine(JSON.object(members.compactMapValues(\.self)).canonicalText)
}

/// What came from outside, safe for a terminal: control and direction-changing characters are shown, not obeyed.
func visible(_ text: String) -> String {
    var safe = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: safe += "\u{FFFD}"
        default: safe.unicodeScalars.append(scalar)
        }
    }
    return safe
}

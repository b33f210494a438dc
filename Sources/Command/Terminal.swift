internal import Glibc

/// The person at the terminal, asked for what no command line and no environment may show.
enum Terminal {
    /// A line may have so many bytes.
    private static let limit = 4096
    /// What Ctrl-C types where it is no signal: one would leave a terminal that shows nothing any more.
    private static let interrupt: UInt8 = 3

    /// Whether somebody can be asked.
    static var isThere: Bool {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }

    /// Asks for a line on the terminal, whatever standard input is.
    ///
    /// - Parameter isSecret: it is not shown while it is typed.
    /// - Throws: ``Failure`` where there is no terminal, or the line is empty or no UTF-8.
    static func ask(_ prompt: String, isSecret: Bool) throws -> String {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        var shown = termios()
        guard terminal >= 0, tcgetattr(terminal, &shown) == 0 else { throw Failure("cannot ask for the \(name(prompt)): there is no terminal") }
        defer { close(terminal) }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO | ISIG)
        // Else it would be seen only when the line ends.
        withUnsafeMutableBytes(of: &hidden.c_cc) { $0[Int(VEOL)] = interrupt }
        if isSecret { tcsetattr(terminal, TCSAFLUSH, &hidden) }
        defer { if isSecret { tcsetattr(terminal, TCSAFLUSH, &shown) } }
        say(prompt, terminal)
        let line = try line(from: terminal, prompt)
        if isSecret { say("\n", terminal) }
        return line
    }

    /// The next line of standard input.
    static func next(_ prompt: String) throws -> String { try line(from: STDIN_FILENO, prompt) }

    static func say(_ text: String, _ terminal: Int32 = STDERR_FILENO) { _ = text.withCString { write(terminal, $0, strlen($0)) } }

    private static func line(from file: Int32, _ prompt: String) throws -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < limit {
            let count = read(file, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count > 0, byte != UInt8(ascii: "\n") else { break }
            bytes.append(byte)
            if byte == interrupt { break }
        }
        guard bytes.count < limit else { throw Failure("cannot take the \(name(prompt)): it is longer than \(limit) bytes") }
        guard !bytes.contains(interrupt) else { throw Failure("nothing was done") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure("cannot take the \(name(prompt)): it is not UTF-8") }
        guard !text.isEmpty else { throw Failure("cannot go on: the \(name(prompt)) is empty") }
        return text
    }

    private static func name(_ prompt: String) -> String { prompt.prefix { $0 != ":" }.lowercased() }
}

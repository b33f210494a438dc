/// The command line without losing a byte.
///
/// Swift repairs arguments that are not UTF-8, and a file whose name is not UTF-8 could then not be opened. Here a byte
/// that is not part of valid UTF-8 becomes a private scalar U+10FF00 + byte, and ``bytes(of:)`` turns it back; so does
/// each byte of such a scalar that was really typed, which keeps the two apart.
enum RawArguments {
    private static let base: UInt32 = 0x10FF00

    /// The arguments after the program's name.
    static var decoded: [String] {
        // A program may be started without even a name.
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { argument in
                decode(Array(UnsafeBufferPointer(start: argument, count: length(of: argument)).map(UInt8.init(bitPattern:))))
            }
        }
    }

    private static func length(of argument: UnsafePointer<CChar>) -> Int {
        var length = 0
        while argument[length] != 0 { length += 1 }
        return length
    }

    static func decode(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: isEscape) { return text }
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            // A scalar has at most four bytes; the shortest valid prefix is the next one.
            let length = (1...min(4, rest.count)).first { String(validating: rest.prefix($0), as: UTF8.self) != nil }
            if let length, let scalar = String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars.first,
                !isEscape(scalar)
            {
                text.unicodeScalars.append(scalar)
                rest = rest.dropFirst(length)
            } else {
                // Proof for `!`: U+10FF00…U+10FFFF are scalars.
                text.unicodeScalars.append(Unicode.Scalar(base + UInt32(first))!)
                rest = rest.dropFirst()
            }
        }
        return text
    }

    /// The bytes that were typed.
    static func bytes(of argument: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in argument.unicodeScalars {
            if isEscape(scalar) {
                bytes.append(UInt8(scalar.value - base))
            } else {
                bytes.append(contentsOf: String(Character(scalar)).utf8)
            }
        }
        return bytes
    }

    /// Whether what was typed is UTF-8, as everything but the name of a file has to be.
    static func isUTF8(_ argument: String) -> Bool { !argument.unicodeScalars.contains(where: isEscape) }

    private static func isEscape(_ scalar: Unicode.Scalar) -> Bool { scalar.value >= base }
}

/// A path for people: bytes that are not UTF-8, and control characters, are written as `\xNN`.
public func displayName(_ path: [UInt8]) -> String {
    // Most names are plain, and looking up what each scalar is costs more than all else here.
    if path.allSatisfy({ (0x20..<0x7F).contains($0) }) { return String(decoding: path, as: UTF8.self) }
    var text = ""
    var rest = path[...]
    while !rest.isEmpty {
        // A scalar has at most four bytes; the shortest valid prefix is the next one.
        let length = (1...min(4, rest.count)).first { String(validating: rest.prefix($0), as: UTF8.self) != nil }
        let scalar = length.flatMap { String(validating: rest.prefix($0), as: UTF8.self)?.unicodeScalars.first }
        if let scalar, let length, scalar.properties.generalCategory != .control {
            text.unicodeScalars.append(scalar)
            rest = rest.dropFirst(length)
        } else {
            text += #"\x"# + String(decoding: hexadecimal(rest.removeFirst()), as: UTF8.self)
        }
    }
    return text
}

func hexadecimal(_ byte: UInt8) -> [UInt8] {
    [byte >> 4, byte & 15].map { $0 < 10 ? 48 + $0 : 87 + $0 }
}

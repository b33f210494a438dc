/// Takes a body of `multipart/form-data` (RFC 7578, RFC 2046 §5.1) apart as it comes. Of its bytes it keeps the fields of a part, which
/// have a limit, and as many as could be the beginning of a boundary.
struct MultipartReader {
    enum Event: Equatable {
        /// A part begins: its name, and the name of its file where it has one.
        case begins(name: String, fileName: String?)
        case bytes([UInt8])
        case ends
    }

    private enum Place {
        case preamble, headers, content, epilogue
    }

    /// Bytes that the fields of a part may have.
    private static let headerLimit = 8192
    /// Bytes before the first boundary and behind the last one, each, which say nothing.
    private static let aroundLimit = 8192

    private let delimiter: [UInt8]
    private var place = Place.preamble
    private var rest: [UInt8]
    private var around = 0
    /// Bytes at the beginning of `rest` that stand for a line end before the content, and are none of it.
    private var ahead = 0

    /// - Throws: ``Problem`` where it is no boundary.
    init(boundary: String?) throws(Problem) {
        guard let boundary, (1...70).contains(boundary.utf8.count), boundary.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
            throw .malformed("the Content-Type has no boundary")
        }
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first boundary has no line before it.
        rest = Array("\r\n".utf8)
    }

    var isComplete: Bool { place == .epilogue }

    /// What the next bytes bring.
    /// - Throws: ``Problem`` where they are none of such a body.
    mutating func read(_ bytes: [UInt8]) throws(Problem) -> [Event] {
        rest += bytes
        var events: [Event] = []
        while try step(&events) {}
        return events
    }

    /// Takes one thing from the beginning of what is there; false when more has to come.
    private mutating func step(_ events: inout [Event]) throws(Problem) -> Bool {
        switch place {
        case .preamble, .content:
            guard let found = Self.firstIndex(of: delimiter, in: rest) else {
                // What may be the beginning of a boundary waits.
                let free = rest.count - (delimiter.count - 1)
                if free > 0 {
                    if place == .content { take(free, &events) } else { try count(free) }
                    rest.removeFirst(free)
                }
                return false
            }
            let end = found + delimiter.count
            guard rest.count >= end + 2 else { return false }
            if place == .preamble {
                try count(found)
                around = 0
            } else {
                take(found, &events)
                events.append(.ends)
            }
            switch (rest[end], rest[end + 1]) {
            case (0x2D, 0x2D):
                place = .epilogue
                rest.removeFirst(end + 2)
            case (0x0D, 0x0A):
                place = .headers
                rest.removeFirst(end + 2)
            default: throw .malformed("a boundary of the body is followed by something else than the end of its line")
            }
            return true
        case .headers:
            guard let end = Self.firstIndex(of: Array("\r\n\r\n".utf8), in: rest) else {
                guard rest.count <= Self.headerLimit else { throw .malformed("the fields of a part have more than \(Self.headerLimit) bytes") }
                return false
            }
            guard end <= Self.headerLimit, let text = String(validating: rest[..<end], as: UTF8.self) else {
                throw .malformed("the fields of a part are too long, or not UTF-8")
            }
            events.append(try Self.beginning(text))
            rest.removeFirst(end + 4)
            // An empty part ends with the boundary that stands where its first line would.
            rest = Array("\r\n".utf8) + rest
            ahead = 2
            place = .content
            return true
        case .epilogue:
            try count(rest.count)
            rest = []
            return false
        }
    }

    /// Counts bytes that are dropped.
    private mutating func count(_ bytes: Int) throws(Problem) {
        around += bytes
        guard around <= Self.aroundLimit else {
            throw .malformed("before the first boundary or behind the last there are more than \(Self.aroundLimit) bytes")
        }
    }

    /// Hands on the first bytes that are there as content.
    private mutating func take(_ count: Int, _ events: inout [Event]) {
        let skipped = min(ahead, count)
        ahead -= skipped
        if count > skipped { events.append(.bytes(Array(rest[skipped..<count]))) }
    }

    private static func beginning(_ fields: String) throws(Problem) -> Event {
        for line in fields.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-disposition" else { continue }
            var name: String?
            var fileName: String?
            for parameter in parts[1].split(separator: ";").dropFirst() {
                let pair = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmingPrefix { $0 == " " } }
                guard pair.count == 2 else { continue }
                let value = unquoted(String(pair[1]))
                switch pair[0].lowercased() {
                case "name": name = value
                case "filename": fileName = value
                default: continue  // because nothing else is asked for
                }
            }
            guard let name else { break }
            return .begins(name: name, fileName: fileName)
        }
        throw .malformed("a part has no Content-Disposition with a name")
    }

    /// Browsers write `"` as `%22` and line ends as `%0D%0A` in names (WHATWG HTML, multipart/form-data).
    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return text }
        return String(text.dropFirst().dropLast()).replacing("%22", with: "\"").replacing("%0D", with: "").replacing("%0A", with: "")
            .replacing("\\\"", with: "\"")
    }

    private static func firstIndex(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count, let first = pattern.first else { return nil }
        return bytes.withUnsafeBufferPointer { bytes in
            pattern.withUnsafeBufferPointer { pattern in
                var start = 0
                let last = bytes.count - pattern.count
                while start <= last {
                    if bytes[start] == first, (1..<pattern.count).allSatisfy({ bytes[start + $0] == pattern[$0] }) { return start }
                    start += 1
                }
                return nil
            }
        }
    }
}

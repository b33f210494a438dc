import CConfinement
import ExtractionWire
import Glibc

/// Sends the frames of one document, batched: most documents cost two writes.
struct AnswerWriter: ~Copyable {
    private static let batch = 64 << 10
    private let limits: ExtractionLimits
    private var buffer: [UInt8] = []
    private var pages = 0
    private var textSize = 0
    /// The limit that was met; pages offered after it are dropped.
    private(set) var limitMet: TextLimit?

    /// - parameter limits: of text; a page image has none.
    init(limits: ExtractionLimits = .init()) {
        self.limits = limits
        buffer.reserveCapacity(Self.batch + 4_096)
    }

    /// Sent at once, so that the client knows the kind also of a document that the parser does not survive.
    mutating func kind(_ mediaType: String) {
        buffer += Frame.kind(mediaType: mediaType)
        flush()
    }

    /// What the document says of itself, as one line without control characters; nothing where there is nothing to say.
    mutating func fact(_ key: FactKey, _ value: String) {
        let line = Self.line(value)
        if !line.isEmpty { buffer += Frame.fact(key, line) }
    }

    /// Adds the next page. `text` is in NFC and free of controls. Where a limit is met, the text ends: a page that is too long
    /// is cut, one that no longer fits into the document's total is dropped.
    mutating func page(_ text: UnsafeBufferPointer<UInt8>) {
        guard limitMet == nil else { return }
        guard pages < limits.pages else { return limitMet = .pages }
        var size = text.count
        if size > limits.pageText {
            size = limits.pageText
            // Not in the middle of a scalar: back to before its first byte.
            while size > 0, text[size] & 0xC0 == 0x80 { size -= 1 }
            limitMet = .pageText
        }
        guard textSize + size <= limits.totalText else { return limitMet = .totalText }
        pages += 1
        textSize += size
        buffer += Frame.pageHeader(number: pages, textSize: size)
        buffer += text[..<size]
        if buffer.count >= Self.batch { flush() }
    }

    consuming func done(pageCount: Int?, limit: TextLimit? = nil) -> Never {
        buffer += Frame.done(pageCount: pageCount, limit: limitMet ?? limit)
        end()
    }

    consuming func notRead() -> Never {
        buffer += Frame.notRead()
        end()
    }

    consuming func failed(_ reason: String) -> Never {
        buffer += Frame.failed(Self.line(reason))
        end()
    }

    consuming func image(_ png: UnsafeBufferPointer<UInt8>) -> Never {
        buffer += Frame.imageHeader(size: png.count)
        buffer += png
        end()
    }

    consuming func noSuchPage(count: Int) -> Never {
        buffer += Frame.noSuchPage(count: count)
        end()
    }

    consuming func notShown(_ refusal: RenderRefusal, _ reason: String) -> Never {
        buffer += Frame.notShown(refusal, Self.line(reason))
        end()
    }

    private mutating func end() -> Never {
        flush()
        // The client goes on while the kernel takes this process apart.
        close(CONFINEMENT_ANSWER)
        _exit(0)
    }

    private mutating func flush() {
        buffer.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = write(CONFINEMENT_ANSWER, bytes.baseAddress! + sent, bytes.count - sent)  // not empty: sent < count
                if count > 0 { sent += count } else if errno != EINTR { _exit(1) }
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// The text as one line without control characters, no longer than a value may be.
    static func line(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        var length = 0
        for scalar in ReadableText.normalised(text).unicodeScalars {
            guard length < Frame.valueLength else { break }
            let isSpace = scalar == " " || scalar == "\n" || scalar == "\t"
            if isSpace, scalars.isEmpty || scalars.last == " " { continue }
            scalars.append(isSpace ? " " : scalar)
            length += 1
        }
        if scalars.last == " " { scalars.removeLast() }
        return String(scalars)
    }
}

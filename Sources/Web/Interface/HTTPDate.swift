internal import Evidence

/// A time as HTTP writes it (RFC 9110 §5.6.7).
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func text(_ time: Timestamp) -> String {
        let seconds = time.milliseconds / 1000
        let (day, date) = (seconds / 86_400, time.date)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        // 1970 began on a Thursday.
        return "\(days[Int(day % 7)]), \(two(Int64(date.day))) \(months[date.month - 1]) \(date.year) "
            + "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60)) GMT"
    }
}

"""The real-time layer: Socket.IO on the API's own port (contract, section 3), by python-socketio."""

"""What is asked for, as HTTP requests. Every argument is checked here, before anything is sent."""
